import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type StorageUnderTest, someUser, startStorage } from './testing/storage-under-test.ts';

let storage: StorageUnderTest;

beforeAll(async () => {
  storage = await startStorage();
  for (const bucket of [{ name: 'private' }, { name: 'public', public: true }])
    await storage.request('POST', '/bucket', { body: bucket });
});
afterAll(() => storage.stop());

async function policies(...commands: readonly string[]): Promise<void> {
  const old = await storage.db.query<{ name: string }>(
    `select polname as name from pg_policy where polrelid = 'storage.objects'::regclass`,
  );
  for (const { name } of old) await storage.db.query(`drop policy "${name}" on storage.objects`);
  for (const [index, command] of commands.entries())
    await storage.db.query(`create policy p${index} on storage.objects ${command}`);
}

const mine = `(storage.foldername(name))[1] = auth.uid()::text`;
const at = (bucket: string, name: string) => `${bucket}/${name}`;
const own = `${someUser}/file`;

beforeEach(async () => {
  await policies();
  await storage.db.query(`set storage.allow_delete_query = 'true'; delete from storage.objects`);
  for (const bucket of ['private', 'public'])
    for (const name of [own, 'else/file'])
      await storage.request('POST', `/object/${at(bucket, name)}`, { body: 'x', headers: { 'x-upsert': 'true' } });
});

const denied = {
  status: 400,
  body: { statusCode: '403', error: 'Unauthorized', message: 'new row violates row-level security policy' },
};
const missing = { status: 400, body: { statusCode: '404', error: 'not_found' } };
const ok = { status: 200 };

/** What each right lets the user do with an own and another's object, and an anonymous visitor with either. */
const actions: Readonly<Record<string, (path: string, token: string) => Promise<unknown>>> = {
  read: (path, token) => storage.request('GET', `/object/authenticated/${path}`, { token }),
  info: (path, token) => storage.request('GET', `/object/info/authenticated/${path}`, { token }),
  sign: (path, token) => storage.request('POST', `/object/sign/${path}`, { token, body: { expiresIn: 9 } }),
  create: (path, token) => storage.request('POST', `/object/${path}-new`, { token, body: 'x' }),
  overwrite: (path, token) => storage.request('PUT', `/object/${path}`, { token, body: 'y' }),
  remove: (path, token) => storage.request('DELETE', `/object/${path}`, { token }),
  copy: (path, token) => {
    const [bucketId = '', ...rest] = path.split('/');
    const sourceKey = rest.join('/');
    return storage.request('POST', '/object/copy', {
      token,
      body: { bucketId, sourceKey, destinationKey: `${sourceKey}-copy` },
    });
  },
  move: (path, token) => {
    const [bucketId = '', ...rest] = path.split('/');
    const sourceKey = rest.join('/');
    return storage.request('POST', '/object/move', {
      token,
      body: { bucketId, sourceKey, destinationKey: `${sourceKey}-moved` },
    });
  },
};

describe('without a policy nobody but the service role does anything', () => {
  it.each(Object.keys(actions))('%s', async (name) => {
    const act = actions[name] as NonNullable<(typeof actions)[string]>;
    const writes = name === 'create' || name === 'overwrite';
    for (const token of [storage.userKey, storage.anonKey])
      expect(await act(at('private', own), token)).toMatchObject(
        writes ? denied : name === 'remove' ? { status: 400 } : missing,
      );
    expect(await act(at('private', own), storage.serviceKey)).toMatchObject(ok);
  });
});

describe('with policies on the own folder', () => {
  beforeEach(() =>
    policies(
      `for select to authenticated using (${mine})`,
      `for insert to authenticated with check (${mine})`,
      `for update to authenticated using (${mine}) with check (${mine})`,
      `for delete to authenticated using (${mine})`,
    ),
  );

  it.each(Object.keys(actions))('%s is for the own folder alone', async (name) => {
    const act = actions[name] as NonNullable<(typeof actions)[string]>;
    expect(await act(at('private', 'else/file'), storage.userKey)).toMatchObject({ status: 400 });
    expect(await act(at('private', own), storage.anonKey)).toMatchObject({ status: 400 });
    expect(await act(at('private', own), storage.userKey)).toMatchObject(ok);
  });

  it('lists what may be seen', async () => {
    const { body } = await storage.request('POST', '/object/list/private', {
      token: storage.userKey,
      body: { prefix: '' },
    });
    expect(body.map(({ name }: { name: string }) => name)).toEqual([someUser]);
    const many = await storage.request('DELETE', '/object/private', {
      token: storage.userKey,
      body: { prefixes: [own, 'else/file'] },
    });
    expect(many.body.map(({ name }: { name: string }) => name)).toEqual([own]);
  });

  it('records who made an object, and takes over what is overwritten', async () => {
    await storage.request('PUT', `/object/private/${own}`, { token: storage.userKey, body: 'mine' });
    const rows = await storage.db.query(
      `select owner, owner_id from storage.objects where bucket_id = 'private' and name = $1`,
      [own],
    );
    expect(rows).toEqual([{ owner: someUser, owner_id: someUser }]);
  });
});

describe('single rights', () => {
  it('an upsert needs insert, update and select', async () => {
    const upsert = () => storage.request('PUT', `/object/private/${own}`, { token: storage.userKey, body: 'y' });
    const insert = `for insert to authenticated with check (${mine})`;
    const update = `for update to authenticated using (${mine})`;
    const select = `for select to authenticated using (${mine})`;
    await policies(insert, update);
    expect(await upsert()).toMatchObject(denied);
    await policies(insert, select);
    expect(await upsert()).toMatchObject(denied);
    await policies(insert, update, select);
    expect(await upsert()).toMatchObject(ok);
  });

  it('a policy sees the operation, the type and the announced size', async () => {
    await policies(
      `for insert to authenticated with check (storage.allow_only_operation('object.upload')
        and metadata->>'mimetype' = 'text/plain' and (metadata->>'contentLength')::int < 5)`,
    );
    const post = (body: string, type: string) =>
      storage.request('POST', '/object/private/op', {
        token: storage.userKey,
        body,
        headers: { 'content-type': type },
      });
    expect(await post('12345', 'text/plain')).toMatchObject(denied);
    expect(await post('1234', 'text/css')).toMatchObject(denied);
    expect(await post('1234', 'text/plain')).toMatchObject(ok);
  });

  it('a public bucket is read by everybody and written by nobody', async () => {
    expect(await storage.request('GET', `/object/public/public/${own}`, { token: undefined })).toMatchObject({
      status: 200,
    });
    expect(
      await storage.request('GET', `/object/authenticated/public/${own}`, { token: storage.anonKey }),
    ).toMatchObject({ status: 200 });
    expect(await storage.request('GET', `/object/public/private/${own}`, { token: undefined })).toMatchObject({
      body: { statusCode: '404', error: 'Bucket not found' },
    });
    expect(await storage.request('GET', `/object/private/${own}`, { token: undefined })).toMatchObject({
      body: { error: 'Bucket not found' },
    });
    expect(await storage.request('POST', '/object/public/new', { token: storage.anonKey, body: 'x' })).toMatchObject(
      denied,
    );
  });
});

describe('tokens', () => {
  it.each([
    [
      'no token',
      undefined,
      { body: { statusCode: '400', error: 'Error', message: "headers must have required property 'authorization'" } },
    ],
    ['nonsense', 'nonsense', { body: { statusCode: '403', error: 'Unauthorized', message: 'Invalid Compact JWS' } }],
  ])('%s', async (_name, token, answer) => {
    expect(await storage.request('GET', '/bucket', { token })).toMatchObject({ status: 400, ...answer });
  });

  it('expired, of another key, of a role that is none', async () => {
    const expired = storage.sign({ role: 'authenticated', exp: 1 });
    expect(await storage.request('GET', '/bucket', { token: expired })).toMatchObject({
      body: { statusCode: '403', message: '"exp" claim timestamp check failed' },
    });
    const forged = `${storage.userKey.slice(0, -3)}AAA`;
    expect(await storage.request('GET', '/bucket', { token: forged })).toMatchObject({
      body: { message: 'signature verification failed' },
    });
    for (const role of ['none', 'postgres', 'nobody_such', 'supabase_admin'])
      expect(await storage.request('GET', '/bucket', { token: storage.sign({ role }) })).toMatchObject({
        status: 400,
        body: { statusCode: '403' },
      });
  });
});

describe('buckets', () => {
  it('go by their own policies', async () => {
    expect(await storage.request('POST', '/bucket', { token: storage.userKey, body: { name: 'x' } })).toMatchObject(
      denied,
    );
    expect((await storage.request('GET', '/bucket', { token: storage.userKey })).body).toEqual([]);
    expect(await storage.request('GET', '/bucket/private', { token: storage.userKey })).toMatchObject({
      body: { statusCode: '404', error: 'Bucket not found' },
    });
    await storage.db.query('create policy b on storage.buckets for all to authenticated using (true)');
    expect(await storage.request('POST', '/bucket', { token: storage.userKey, body: { name: 'x' } })).toMatchObject({
      body: { name: 'x' },
    });
    expect(await storage.request('POST', '/bucket', { token: storage.userKey, body: { name: 'x' } })).toMatchObject({
      body: { statusCode: '409', error: 'Duplicate' },
    });
    expect((await storage.request('GET', '/bucket/x', { token: storage.userKey })).body).toMatchObject({
      id: 'x',
      name: 'x',
      owner: someUser,
      public: false,
      file_size_limit: null,
      allowed_mime_types: null,
    });
    const limits = { public: true, file_size_limit: '20MB', allowed_mime_types: ['image/*'] };
    expect((await storage.request('PUT', '/bucket/x', { body: limits })).body).toEqual({
      message: 'Successfully updated',
    });
    expect((await storage.request('GET', '/bucket/x')).body).toMatchObject({ ...limits, file_size_limit: 20_000_000 });
    expect(
      await storage.request('POST', '/object/x/a.txt', { body: 'x', headers: { 'content-type': 'text/plain' } }),
    ).toMatchObject({
      body: { statusCode: '415', error: 'invalid_mime_type', message: 'mime type text/plain is not supported' },
    });
    await storage.request('POST', '/object/x/a.png', { body: 'x', headers: { 'content-type': 'image/png' } });
    expect((await storage.request('DELETE', '/bucket/x')).body).toMatchObject({
      statusCode: '409',
      message: 'The bucket you tried to delete is not empty',
    });
    expect(await storage.request('POST', '/bucket/x/empty', { token: storage.anonKey })).toMatchObject({ status: 400 });
    expect((await storage.request('POST', '/bucket/x/empty')).status).toBe(200);
    expect((await storage.request('DELETE', '/bucket/x')).body).toEqual({ message: 'Successfully deleted' });
  });

  it.each(['', ' x', 'a/b', 'ü', 'x'.repeat(101), 'tables--table-s3', '..'])('refuses the name %j', async (name) => {
    expect((await storage.request('POST', '/bucket', { body: { name } })).body).toMatchObject({
      statusCode: '400',
      error: 'Invalid Input',
      message: 'Bucket name invalid',
    });
  });
});
