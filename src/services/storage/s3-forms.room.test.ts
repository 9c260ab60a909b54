import { createHmac } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StorageUnderTest, someUser, startStorage } from './testing/storage-under-test.ts';

let storage: StorageUnderTest;
const secret = 'form-secret';

beforeAll(async () => {
  storage = await startStorage({
    S3_PROTOCOL_ACCESS_KEY_ID: 'form-key',
    S3_PROTOCOL_ACCESS_KEY_SECRET: secret,
    ANON_KEY: 'anon-secret',
  });
  await storage.request('POST', '/bucket', { body: { name: 'forms', allowed_mime_types: ['text/*', 'image/png'] } });
});
afterAll(() => storage.stop());

interface FormWish {
  readonly conditions: readonly unknown[];
  readonly fields: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly filename?: string;
  readonly secret?: string;
  readonly accessKey?: string;
  readonly expiration?: string;
}

/** Makes a form as a program does that lets others upload, and sends it as their browser does. */
async function send(wish: FormWish) {
  const day = '20260101';
  const scope = `${day}/us-east-1/s3/aws4_request`;
  const signing = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${wish.accessKey ?? 'form-key'}/${scope}`,
    'x-amz-date': `${day}T000000Z`,
  };
  const policy = Buffer.from(
    JSON.stringify({
      expiration: wish.expiration ?? new Date(Date.now() + 3_600_000).toISOString(),
      conditions: [...wish.conditions, ...Object.entries(signing).map(([name, value]) => ({ [name]: value }))],
    }),
  ).toString('base64');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const key = [day, 'us-east-1', 's3', 'aws4_request'].reduce<string | Buffer>(
    (made, part) => hmac(made, part),
    `AWS4${wish.secret ?? secret}`,
  );
  const form = new FormData();
  for (const [name, value] of Object.entries({
    ...wish.fields,
    ...signing,
    policy,
    'X-Amz-Signature': hmac(key as Buffer, policy).toString('hex'),
  }))
    form.append(name, value);
  if (wish.file !== undefined) form.append('file', new Blob([wish.file]), wish.filename ?? 'name.txt');
  return storage.request('POST', '/s3/forms', { body: form, token: undefined });
}

const conditions = [
  { bucket: 'forms' },
  ['starts-with', '$key', 'up/'],
  ['starts-with', '$Content-Type', 'text/'],
  ['content-length-range', 2, 20],
  ['starts-with', '$x-amz-meta-who', ''],
  ['starts-with', '$success_action_status', ''],
  ['starts-with', '$success_action_redirect', ''],
];
const fields = {
  key: 'up/' + '$' + '{filename}',
  'Content-Type': 'text/css',
  'x-amz-meta-who': 'me',
  success_action_status: '201',
  success_action_redirect: '',
};
const anyType = [...conditions.slice(0, 2), ['starts-with', '$Content-Type', ''], ...conditions.slice(3)];
const nothingIsLeft = async () => {
  expect(readdirSync(join(storage.folder, 'stub', '.incoming'))).toEqual([]);
  expect(await storage.db.query('select from _pmoves.storage_versions where due is not null and size is null')).toEqual(
    [],
  );
};

describe('forms of pages', () => {
  it('upload what their policy allows', async () => {
    const made = await send({ conditions, fields, file: 'body {}', filename: 'a b.css' });
    expect(made.status).toBe(201);
    expect(made.text).toMatch(/<PostResponse[^>]*><Location>http[^<]*\/s3\/forms\/up\/a%20b\.css<\/Location>/);
    expect(made.text).toContain('<Bucket>forms</Bucket><Key>up/a b.css</Key>');
    expect(made.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
    expect((await storage.request('GET', '/object/info/forms/up/a%20b.css')).body).toMatchObject({
      size: 7,
      content_type: 'text/css',
      metadata: { who: 'me' },
    });
    expect((await send({ conditions, fields: { ...fields, success_action_status: '200' }, file: 'xx' })).status).toBe(
      200,
    );
    expect((await send({ conditions, fields: { ...fields, success_action_status: '?' }, file: 'xx' })).status).toBe(
      204,
    );
    const led = await send({
      conditions,
      fields: { ...fields, success_action_redirect: 'https://app.example.com/done?x=1' },
      file: 'xx',
    });
    expect([led.status, led.headers.get('location')]).toEqual([
      303,
      expect.stringMatching(/^https:\/\/app\.example\.com\/done\?x=1&bucket=forms&key=up%2Fname\.txt&etag=%22/),
    ]);
  });

  it.each<[string, Partial<FormWish>, number, string]>([
    ['another key', { fields: { ...fields, key: 'other/x' } }, 403, 'AccessDenied'],
    ['a field beyond', { fields: { ...fields, acl: 'public-read' } }, 403, 'AccessDenied'],
    ['too much', { file: 'x'.repeat(21) }, 413, 'EntityTooLarge'],
    ['too little', { file: 'x' }, 400, 'EntityTooSmall'],
    ['too late', { expiration: '2020-01-01T00:00:00Z' }, 403, 'AccessDenied'],
    ['another secret', { secret: 'other' }, 403, 'SignatureDoesNotMatch'],
    ['another access key', { accessKey: 'other' }, 403, 'AccessDenied'],
    ['a broken policy', { expiration: 'tomorrow' }, 400, 'InvalidPolicyDocument'],
    [
      'a type that the bucket does not take',
      { conditions: anyType, fields: { ...fields, 'Content-Type': 'image/gif' } },
      415,
      'InvalidMimeType',
    ],
    ['a way out', { fields: { ...fields, key: 'up/../../x' } }, 400, 'InvalidKey'],
  ])('with %s are refused', async (_what, wish, status, code) => {
    const answer = await send({ conditions, fields, file: 'body {}', ...wish });
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(`<Code>${code}</Code>`);
    await nothingIsLeft();
  });

  it('without a policy, a file or a signature are refused', async () => {
    const form = new FormData();
    form.append('key', 'up/x');
    form.append('file', new Blob(['x']), 'x');
    const bare = await storage.request('POST', '/s3/forms', { body: form, token: undefined });
    expect([bare.status, bare.text]).toEqual([400, expect.stringContaining('<Code>MalformedPOSTRequest</Code>')]);
    expect((await send({ conditions, fields })).status).toBe(400);
  });

  it('made with a session token are those of a user', async () => {
    const wish = {
      conditions: [...conditions, ['starts-with', '$x-amz-security-token', '']],
      fields: { ...fields, 'x-amz-security-token': storage.userKey },
      accessKey: 'stub',
      secret: 'anon-secret',
      file: 'mine',
    };
    expect(await send(wish)).toMatchObject({ status: 403 });
    await storage.db.query(
      `create policy "forms" on storage.objects for all to authenticated using (owner_id = '${someUser}') with check (true)`,
    );
    expect((await send({ ...wish, filename: 'mine.txt' })).status).toBe(201);
    const [row] = await storage.db.query<{ owner_id: string }>(
      `select owner_id from storage.objects where name = 'up/mine.txt'`,
    );
    expect(row?.owner_id).toBe(someUser);
  });
});
