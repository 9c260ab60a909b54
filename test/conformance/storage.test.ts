import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, newClient, signedUpClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

const stack = sharedStack();
const { url, env } = stack;
const admin = newClient(stack, env.serviceKey);
let user: Client;
let userId: string;

beforeAll(async () => {
  ({ client: user, id: userId } = await signedUpClient(stack, `storage-${randomBytes(4).toString('hex')}@example.com`));
  await runSql(
    stack,
    `create policy "own folder" on storage.objects for all to authenticated
       using (bucket_id = 'st-own' and (storage.foldername(name))[1] = (select auth.uid()::text))
       with check (bucket_id = 'st-own' and (storage.foldername(name))[1] = (select auth.uid()::text))`,
  );
  for (const [name, isPublic] of [
    ['st-own', false],
    ['st-public', true],
  ] as const) {
    const made = await admin.storage.createBucket(name, { public: isPublic });
    expect(made).toEqual({ data: { name }, error: null });
  }
});

afterAll(async () => {
  await runSql(stack, `drop policy if exists "own folder" on storage.objects`);
});

describe('storage-js', () => {
  it('manages buckets', async () => {
    expect((await admin.storage.createBucket('st-own')).error).toMatchObject({
      message: 'The resource already exists',
    });
    expect((await admin.storage.getBucket('st-own')).data).toMatchObject({
      id: 'st-own',
      name: 'st-own',
      public: false,
    });
    expect((await admin.storage.listBuckets()).data?.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['st-own', 'st-public']),
    );
    await admin.storage.createBucket('st-limits', {
      public: false,
      fileSizeLimit: '1KB',
      allowedMimeTypes: ['image/png'],
    });
    const limits = admin.storage.from('st-limits');
    expect((await limits.upload('a.txt', 'x', { contentType: 'text/plain' })).error?.message).toBe(
      'mime type text/plain is not supported',
    );
    expect((await limits.upload('a.png', Buffer.alloc(1_001), { contentType: 'image/png' })).error?.message).toBe(
      'The object exceeded the maximum allowed size',
    );
    expect((await admin.storage.updateBucket('st-limits', { public: true })).data).toEqual({
      message: 'Successfully updated',
    });
    await limits.upload('b.png', Buffer.alloc(1_000), { contentType: 'image/png' });
    expect((await admin.storage.deleteBucket('st-limits')).error?.message).toBe(
      'The bucket you tried to delete is not empty',
    );
    expect((await admin.storage.emptyBucket('st-limits')).error).toBeNull();
    expect((await admin.storage.deleteBucket('st-limits')).data).toEqual({ message: 'Successfully deleted' });
    expect((await admin.storage.getBucket('st-limits')).error?.message).toBe('Bucket not found');
  });

  it.each([
    ['text', 'some text', { contentType: 'text/plain' }],
    ['a buffer', Buffer.from('some text'), {}],
    ['a blob', new Blob(['some text'], { type: 'text/plain' }), { cacheControl: '60', metadata: { a: 1 } }],
  ])('uploads and downloads %s', async (kind, body, extra) => {
    const path = `${userId}/${kind}`;
    const own = user.storage.from('st-own');
    const made = await own.upload(path, body, extra);
    expect(made).toMatchObject({ data: { path, fullPath: `st-own/${path}` }, error: null });
    expect(await (await own.download(path)).data?.text()).toBe('some text');
    expect((await own.upload(path, body, extra)).error?.message).toBe('The resource already exists');
    expect((await own.update(path, 'other')).error).toBeNull();
    expect(await (await own.download(path)).data?.text()).toBe('other');
  });

  it('knows what is there', async () => {
    const own = user.storage.from('st-own');
    await own.upload(`${userId}/info.txt`, new Blob(['12345'], { type: 'text/plain' }), {
      cacheControl: '60',
      metadata: { mine: true },
    });
    expect((await own.info(`${userId}/info.txt`)).data).toMatchObject({
      size: 5,
      contentType: 'text/plain',
      cacheControl: 'max-age=60',
      metadata: { mine: true },
    });
    expect((await own.exists(`${userId}/info.txt`)).data).toBe(true);
    expect((await own.exists(`${userId}/nope`)).data).toBe(false);
    const listed = await own.list(userId, { search: 'info', sortBy: { column: 'name', order: 'desc' } });
    expect(listed.data?.map(({ name }) => name)).toEqual(['info.txt']);
    const second = await own.listV2({ prefix: `${userId}/`, with_delimiter: true });
    expect(second.data?.objects.map(({ name }) => name)).toContain(`${userId}/info.txt`);
  });

  it('keeps to the policies', async () => {
    const own = user.storage.from('st-own');
    expect((await own.upload('elsewhere/x', 'x')).error?.message).toBe('new row violates row-level security policy');
    await admin.storage.from('st-own').upload('elsewhere/x', 'x');
    expect((await own.download('elsewhere/x')).error).not.toBeNull();
    expect((await own.list('elsewhere')).data).toEqual([]);
    expect((await own.remove(['elsewhere/x'])).data).toEqual([]);
  });

  it('moves, copies and removes', async () => {
    const own = user.storage.from('st-own');
    await own.upload(`${userId}/from`, 'x');
    expect((await own.move(`${userId}/from`, `${userId}/to`)).data?.message).toBe('Successfully moved');
    expect((await own.copy(`${userId}/to`, `${userId}/copy`)).data).toEqual({ path: `st-own/${userId}/copy` });
    const removed = await own.remove([`${userId}/to`, `${userId}/copy`, `${userId}/nope`]);
    expect(removed.data?.map(({ name }) => name).sort()).toEqual([`${userId}/copy`, `${userId}/to`]);
  });

  it('makes URLs for reading and for writing', async () => {
    const own = user.storage.from('st-own');
    await own.upload(`${userId}/si gned.txt`, 'signed', { contentType: 'text/plain' });
    const { data } = await own.createSignedUrl(`${userId}/si gned.txt`, 60, { download: 'name.txt' });
    const answer = await fetch(data?.signedUrl ?? '');
    expect(answer.headers.get('content-disposition')).toContain('name.txt');
    expect(await answer.text()).toBe('signed');
    const many = await own.createSignedUrls([`${userId}/si gned.txt`, 'nope'], 60);
    expect(many.data?.map(({ error }) => error === null)).toEqual([true, false]);
    const upload = await own.createSignedUploadUrl(`${userId}/up.txt`);
    const { token = '', path = '' } = upload.data ?? {};
    const stranger = newClient(stack, env.anonKey).storage.from('st-own');
    expect((await stranger.uploadToSignedUrl(path, token, 'up')).data?.path).toBe(path);
    expect((await stranger.uploadToSignedUrl(path, token, 'up')).error?.message).toBe('The resource already exists');
    await admin.storage.from('st-public').upload('a/b.txt', 'public', { upsert: true });
    const { publicUrl } = user.storage.from('st-public').getPublicUrl('a/b.txt').data;
    expect(await (await fetch(publicUrl)).text()).toBe('public');
  });

  it('carries a large file whole', async () => {
    const bytes = randomBytes(20 * 1024 * 1024);
    const { error } = await admin.storage.from('st-public').upload('large.bin', bytes, { upsert: true });
    expect(error).toBeNull();
    const back = Buffer.from(await (await fetch(`${url}/storage/v1/object/public/st-public/large.bin`)).arrayBuffer());
    expect(createHash('sha256').update(back).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});

it('A15: a backup is uploaded as a raw body', async () => {
  for (let round = 0; round < 2; round++) {
    const answer = await fetch(`${url}/storage/v1/object/st-own/backups/jellyfin.zip`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.serviceKey}`, 'content-type': 'application/zip', 'x-upsert': 'true' },
      body: randomBytes(100_000),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      Key: 'st-own/backups/jellyfin.zip',
      Id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  }
});
