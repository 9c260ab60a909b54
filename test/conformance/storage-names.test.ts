import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newClient } from '../support/client.ts';
import { send } from '../support/raw-http.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { readEnv } from '../support/stack.ts';

// Names in every place where one can enter: odd ones that are allowed work everywhere, others are refused everywhere.
const stack = sharedStack();
const settings = readEnv(stack.cwd);
const { serviceKey, jwtSecret } = stack.env;
const admin = newClient(stack, serviceKey);
const authorization = { authorization: `Bearer ${serviceKey}` };
const bucket = 'cnames';
const oddBucket = "cnames !-.*'()&$@=;:+,?";
const s3 = new S3Client({
  endpoint: `${stack.url}/storage/v1/s3`,
  region: 'us-east-1',
  forcePathStyle: true,
  maxAttempts: 1,
  credentials: {
    accessKeyId: settings.S3_PROTOCOL_ACCESS_KEY_ID ?? '',
    secretAccessKey: settings.S3_PROTOCOL_ACCESS_KEY_SECRET ?? '',
  },
});

const escaped = (name: string) => name.split('/').map(encodeURIComponent).join('/');

interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many kinds
  readonly json: any;
}

/** Sends a request whose path is not normalised by anybody on this side. */
async function call(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> {
  const isJson = body !== undefined && typeof body !== 'string';
  const answer = await send(stack.url, {
    method,
    path: `/storage/v1${path}`,
    headers: { ...authorization, ...(isJson && { 'content-type': 'application/json' }), ...more },
    ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as string) }),
  });
  const json = answer.headers['content-type']?.includes('json') ? JSON.parse(answer.body) : undefined;
  return { status: answer.status, text: answer.body, json };
}

beforeAll(async () => {
  for (const name of [bucket, oddBucket]) expect((await admin.storage.createBucket(name)).error).toBeNull();
});
afterAll(() => s3.destroy());

const odd = [
  'plain',
  'a b.txt',
  'plus+plus.txt',
  "it's (1)!.txt",
  'a&b=c;d,e@f$g:h',
  'who?.txt',
  '.hidden',
  'dots...',
  'a..b/..c/d..',
  '-flag',
  '*',
  `${'deep/'.repeat(100)}file`,
  `${'n'.repeat(255)}`,
];

describe.each([bucket, oddBucket])('in bucket %s', (bucketId) => {
  test.each(odd)('%s is taken everywhere', async (name) => {
    const at = `${encodeURIComponent(bucketId)}/${escaped(name)}`;
    const made = await call('POST', `/object/${at}`, 'content', { 'content-type': 'text/plain' });
    expect(made, made.text).toMatchObject({ status: 200, json: { Key: `${bucketId}/${name}` } });
    expect((await call('GET', `/object/${at}`)).text).toBe('content');
    expect((await call('GET', `/object/info/${at}`)).json).toMatchObject({ name, size: 7 });
    const { json: signed } = await call('POST', `/object/sign/${at}`, { expiresIn: 60 });
    const token = new URL(signed.signedURL, stack.url).searchParams.get('token') ?? '';
    const path = token === '' ? /token=(.+)$/.exec(signed.signedURL)?.[1] : token;
    expect((await call('GET', `/object/sign/${at}?token=${path}`)).text).toBe('content');
    const many = await call('POST', `/object/sign/${encodeURIComponent(bucketId)}`, { expiresIn: 60, paths: [name] });
    expect(many.json).toMatchObject([{ path: name, error: null }]);
    const folder = name.includes('/') ? dirname(name) : '';
    const listed = await call('POST', `/object/list/${encodeURIComponent(bucketId)}`, { prefix: folder, limit: 1_000 });
    expect(listed.json.map((entry: { name: string }) => entry.name)).toContain(name.split('/').at(-1));
    const copy = `copies/${name}`.slice(0, 1_024);
    const copied = await call('POST', '/object/copy', { bucketId, sourceKey: name, destinationKey: copy });
    expect(copied.json).toMatchObject({ Key: `${bucketId}/${copy}` });
    const moved = await call('POST', '/object/move', {
      bucketId,
      sourceKey: copy,
      destinationBucket: bucket,
      destinationKey: `moved/${name}`,
    });
    expect(moved.text).toContain('Successfully moved');
    const same = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `moved/${name}` }));
    expect(await same.Body?.transformToString()).toBe('content');
    const deleted = await call('DELETE', `/object/${bucket}`, { prefixes: [`moved/${name}`] });
    expect(deleted.json).toHaveLength(1);
    expect((await call('DELETE', `/object/${at}`)).status).toBe(200);
  });
});

// Not one of these may become an object, or a file, by any way in.
const marker = `escaped-${randomBytes(6).toString('hex')}`;
const refused = [
  `../${marker}`,
  `a/../../${marker}`,
  `../../../../../../../../tmp/${marker}`,
  `./${marker}`,
  `a/./${marker}`,
  `${marker}/..`,
  `..\\${marker}`,
  `\0${marker}`,
  `${marker}\0.txt`,
  `%2e%2e/${marker}`,
  `unicode-ü-${marker}`,
  `emoji-🙂-${marker}`,
  `percent-%-${marker}`,
  `hash-#-${marker}`,
  `line\nbreak-${marker}`,
  `<${marker}>`,
  `{${marker}}`,
  `~${marker}`,
  `${marker}-${'x'.repeat(1_024)}`,
  `${marker}-${'x'.repeat(256)}`,
];

function tokenFor(url: string, more: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ url, exp: 4_000_000_000, ...more })}`;
  return `${body}.${createHmac('sha256', jwtSecret).update(body).digest('base64url')}`;
}

/** Attempts to store something under a name, each by another door. */
const waysIn: Readonly<Record<string, (name: string) => Promise<Answer>>> = {
  // Slashes are escaped, so that nobody takes dots away before they get there.
  'the path': (name) => call('POST', `/object/${bucket}/${encodeURIComponent(name)}`, 'x'),
  'the path, put': (name) => call('PUT', `/object/${bucket}/${encodeURIComponent(name)}`, 'x'),
  'a copy': (name) => call('POST', '/object/copy', { bucketId: bucket, sourceKey: 'source', destinationKey: name }),
  'a move': (name) => call('POST', '/object/move', { bucketId: bucket, sourceKey: 'source', destinationKey: name }),
  'a signed upload': (name) => call('POST', `/object/upload/sign/${bucket}/${encodeURIComponent(name)}`),
  'a forged token': (name) =>
    call(
      'PUT',
      `/object/upload/sign/${bucket}/${encodeURIComponent(name)}?token=${tokenFor(`${bucket}/${name}`, { upsert: false, scope: 'upload' })}`,
      'x',
    ),
  'a resumable upload': (name) =>
    call('POST', '/upload/resumable', undefined, {
      'tus-resumable': '1.0.0',
      'upload-length': '1',
      'upload-metadata': `bucketName ${btoa(bucket)},objectName ${Buffer.from(name).toString('base64')}`,
    }),
  S3: async (name) => {
    // Such a path is another one before it is signed.
    if (/(^|\/)\.{1,2}(\/|$)/.test(name)) return { status: 400, text: '', json: undefined };
    try {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: name, Body: 'x' }));
      return { status: 200, text: '', json: undefined };
    } catch (error) {
      const { $metadata, message } = error as { $metadata?: { httpStatusCode?: number }; message: string };
      return { status: $metadata?.httpStatusCode ?? 0, text: message, json: undefined };
    }
  },
};

describe('refused by every way in', () => {
  beforeAll(async () => {
    await call('POST', `/object/${bucket}/source`, 'source', { 'x-upsert': 'true' });
  });

  test.each(Object.keys(waysIn))('%s', async (way) => {
    const attempt = waysIn[way] as (typeof waysIn)[string];
    for (const name of refused) {
      const answer = await attempt(name);
      expect([400, 403, 404], `${JSON.stringify(name)}: ${answer.status} ${answer.text}`).toContain(answer.status);
    }
    expect((await call('GET', `/object/${bucket}/source`)).text).toBe('source');
  });

  test('and nothing of it is anywhere', async () => {
    const { json } = await call('POST', `/object/list-v2/${bucket}`, { prefix: '', limit: 1_000 });
    expect(json.objects.filter(({ name }: { name: string }) => name.includes(marker))).toEqual([]);
    const stored = join(stack.cwd, 'volumes/storage');
    const files = readdirSync(stored, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => name.includes(marker))).toEqual([]);
    expect(readdirSync('/tmp').filter((name) => name.includes(marker))).toEqual([]);
    for (const above of [stack.cwd, dirname(stack.cwd)])
      expect(readdirSync(above).filter((name) => name.includes(marker))).toEqual([]);
  });

  test('what does not exist is not found by reading, listing or removing either', async () => {
    for (const name of refused) {
      const at = `${bucket}/${encodeURIComponent(name)}`;
      for (const [method, path, body] of [
        ['GET', `/object/${at}`],
        ['GET', `/object/public/${at}`],
        ['GET', `/object/info/${at}`],
        ['GET', `/render/image/authenticated/${at}?width=1`],
        ['DELETE', `/object/${at}`],
        ['POST', `/object/sign/${at}`, { expiresIn: 1 }],
        ['POST', '/object/copy', { bucketId: bucket, sourceKey: name, destinationKey: 'x' }],
        ['POST', '/object/move', { bucketId: name, sourceKey: 'source', destinationKey: 'x' }],
        ['GET', `/bucket/${encodeURIComponent(name)}`],
        ['POST', '/bucket', { name }],
      ] as const) {
        const answer = await call(method, path, body);
        expect([400, 403, 404], `${method} ${path}: ${answer.status} ${answer.text}`).toContain(answer.status);
      }
      for (const [path, body] of [
        [`/object/list/${bucket}`, { prefix: name, search: name }],
        [`/object/list-v2/${bucket}`, { prefix: name, cursor: Buffer.from(`l:${name}`).toString('base64') }],
        [`/object/sign/${bucket}`, { expiresIn: 1, paths: [name] }],
      ] as const) {
        const answer = await call('POST', path, body);
        expect(answer.status, `${path} ${JSON.stringify(name)}: ${answer.text}`).toBeLessThan(500);
      }
      await expect(
        s3.send(
          new CopyObjectCommand({ Bucket: bucket, Key: 'x', CopySource: `${bucket}/${encodeURIComponent(name)}` }),
        ),
      ).rejects.toMatchObject({ name: expect.stringMatching(/^(NoSuchKey|InvalidKey)$/) });
      const removed = await call('DELETE', `/object/${bucket}`, { prefixes: [name] });
      expect(removed, JSON.stringify(name)).toMatchObject({ status: 200, json: [] });
    }
  });
});

test('buckets have no odd names by S3 either', async () => {
  for (const name of ['..', 'ü', 'a%b', ' lead'])
    await expect(s3.send(new CreateBucketCommand({ Bucket: name })), name).rejects.toBeDefined();
});

test("an object named like another's content disturbs nobody", async () => {
  await call('POST', `/object/${bucket}/inner`, 'inner');
  const { json } = await call('GET', `/object/info/${bucket}/inner`);
  const below = await call('POST', `/object/${bucket}/inner/${json.version}`, 'below');
  expect(below.status, below.text).toBeLessThan(500);
  const deeper = await call('POST', `/object/${bucket}/inner/${json.version}/x`, 'deeper');
  expect(deeper.status, deeper.text).toBeLessThan(500);
  expect((await call('GET', `/object/${bucket}/inner`)).text).toBe('inner');
  expect(createHash('md5').update('inner').digest('hex')).toBe(json.etag.replaceAll('"', ''));
});
