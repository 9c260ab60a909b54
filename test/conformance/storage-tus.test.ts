import { randomBytes } from 'node:crypto';
import * as tus from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newClient, signedUpClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Resumable uploads by tus-js-client, as the documentation of Supabase shows them, through the gateway.
const stack = sharedStack();
const { url, env } = stack;
const admin = newClient(stack, env.serviceKey);
const endpoint = `${url}/storage/v1/upload/resumable`;
const bucket = 'ctus';
const megabyte = 1024 ** 2;

beforeAll(async () => {
  expect((await admin.storage.createBucket(bucket)).error).toBeNull();
  await runSql(
    stack,
    `create policy "tus own folder" on storage.objects for all to authenticated
       using (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid()::text))
       with check (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid()::text))`,
  );
});
afterAll(() => runSql(stack, 'drop policy if exists "tus own folder" on storage.objects'));

interface Started {
  readonly upload: tus.Upload;
  readonly done: Promise<void>;
}

function start(name: string, bytes: Buffer, options: Partial<tus.UploadOptions> = {}): Started {
  let upload!: tus.Upload;
  const done = new Promise<void>((resolve, reject) => {
    upload = new tus.Upload(bytes, {
      endpoint,
      retryDelays: [],
      headers: { authorization: `Bearer ${env.serviceKey}` },
      uploadDataDuringCreation: true,
      removeFingerprintOnSuccess: true,
      metadata: { bucketName: bucket, objectName: name, contentType: 'text/x-tus', cacheControl: '60' },
      chunkSize: megabyte,
      onSuccess: () => resolve(),
      onError: reject,
      ...options,
    });
  });
  done.catch(() => {});
  upload.start();
  return { upload, done };
}

/** Begins an upload and breaks it off once so many bytes were taken. */
function aborted(name: string, bytes: Buffer, after: number, terminate: boolean): Promise<tus.Upload> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const { upload, done } = start(name, bytes, {
      onChunkComplete: (_size, accepted) => {
        if (isOver || accepted < after) return;
        isOver = true;
        upload.abort(terminate).then(() => resolve(upload), reject);
      },
    });
    done.then(() => reject(new Error('it was over too soon')), reject);
  });
}

async function content(name: string): Promise<Buffer> {
  const { data, error } = await admin.storage.from(bucket).download(name);
  if (error) throw error;
  return Buffer.from(await data.arrayBuffer());
}

const refusal = async ({ done }: Started) => {
  const error = (await done.catch((thrown: unknown) => thrown)) as tus.DetailedError;
  return [error.originalResponse?.getStatus(), error.originalResponse?.getBody()];
};

test('an upload in pieces is an object afterwards, at an address behind the gateway', async () => {
  const bytes = randomBytes(3 * megabyte + 17);
  const { upload, done } = start('a b/large.bin', bytes);
  await done;
  expect(upload.url).toMatch(new RegExp(`^${endpoint}/[\\w-]+$`));
  expect((await content('a b/large.bin')).equals(bytes)).toBe(true);
  expect((await admin.storage.from(bucket).info('a b/large.bin')).data).toMatchObject({
    size: bytes.length,
    contentType: 'text/x-tus',
    cacheControl: 'max-age=60',
  });
});

test('a broken-off upload goes on where it was, from another client', async () => {
  const bytes = randomBytes(5 * megabyte);
  const upload = await aborted('resumed', bytes, 2 * megabyte, false);
  expect((await admin.storage.from(bucket).exists('resumed')).data).toBe(false);
  const offsets: number[] = [];
  const second = start('resumed', bytes, {
    uploadUrl: upload.url,
    onChunkComplete: (_size, accepted) => offsets.push(accepted),
  });
  await second.done;
  expect(second.upload.url).toBe(upload.url);
  expect(offsets[0]).toBeGreaterThan(2 * megabyte);
  expect((await content('resumed')).equals(bytes)).toBe(true);
});

test('many at once, each whole', async () => {
  const files = Array.from({ length: 10 }, (_, n) => [`many/${n}`, randomBytes(megabyte + n)] as const);
  await Promise.all(files.map(([name, bytes]) => start(name, bytes, { chunkSize: 300_000 }).done));
  for (const [name, bytes] of files) expect((await content(name)).equals(bytes), name).toBe(true);
});

test('of a length that is known only at the end, and of none', async () => {
  const bytes = randomBytes(2 * megabyte + 1);
  await start('deferred', bytes, { uploadLengthDeferred: true, uploadDataDuringCreation: false }).done;
  expect((await content('deferred')).equals(bytes)).toBe(true);
  await start('empty', Buffer.alloc(0), { uploadDataDuringCreation: false }).done;
  expect((await content('empty')).length).toBe(0);
});

test('one that is terminated is gone', async () => {
  const upload = await aborted('terminated', randomBytes(3 * megabyte), 1, true);
  const head = await fetch(upload.url as string, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${env.serviceKey}`, 'tus-resumable': '1.0.0' },
  });
  expect(head.status).toBe(404);
  expect((await admin.storage.from(bucket).exists('terminated')).data).toBe(false);
});

test('two who send the same piece: one is asked to wait, and nothing is mixed up', async () => {
  const bytes = randomBytes(2 * megabyte);
  const created = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${env.serviceKey}`,
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `bucketName ${btoa(bucket)},objectName ${btoa('twice at once')}`,
    },
  });
  expect(created.status).toBe(201);
  expect(Date.parse(created.headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now());
  const location = created.headers.get('location') ?? '';
  const send = () =>
    fetch(location, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${env.serviceKey}`,
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      },
      body: bytes,
    }).then(
      (answer) => answer.status,
      () => 0,
    );
  const answers = await Promise.all([send(), send()]);
  expect(answers.filter((status) => status === 204)).toHaveLength(1);
  expect((await content('twice at once')).equals(bytes)).toBe(true);
});

describe('who may', () => {
  test('a user in their folder and nowhere else', async () => {
    const { id, token } = await signedUpClient(stack, `tus-${randomBytes(4).toString('hex')}@example.com`);
    const headers = { authorization: `Bearer ${token}` };
    await start(`${id}/own`, Buffer.from('own'), { headers }).done;
    expect((await content(`${id}/own`)).toString()).toBe('own');
    expect(await refusal(start('elsewhere/x', Buffer.from('x'), { headers }))).toEqual([
      403,
      'new row violates row-level security policy',
    ]);
    expect(await refusal(start(`${id}/own`, Buffer.from('again'), { headers }))).toEqual([
      409,
      'The resource already exists',
    ]);
    await start(`${id}/own`, Buffer.from('again'), { headers: { ...headers, 'x-upsert': 'true' } }).done;
    expect((await content(`${id}/own`)).toString()).toBe('again');
  });

  test('whoever has a signed upload token, for that name alone', async () => {
    const { data } = await admin.storage.from(bucket).createSignedUploadUrl('signed');
    const signed = { endpoint: `${endpoint}/sign`, headers: { 'x-signature': data?.token ?? '' } };
    await start('signed', Buffer.from('by token'), signed).done;
    expect((await content('signed')).toString()).toBe('by token');
    const [status] = await refusal(start('other', Buffer.from('x'), signed));
    expect([400, 403]).toContain(status);
    expect((await refusal(start('other', Buffer.from('x'), { ...signed, headers: {} })))[0]).toBe(400);
  });

  test('nobody beyond what the bucket takes', async () => {
    await admin.storage.createBucket('ctus-small', { public: false, fileSizeLimit: 10, allowedMimeTypes: ['image/*'] });
    const metadata = { bucketName: 'ctus-small', objectName: 'x', contentType: 'image/png' };
    expect(await refusal(start('', Buffer.alloc(11), { metadata }))).toEqual([
      413,
      'The object exceeded the maximum allowed size',
    ]);
    const text = { ...metadata, contentType: 'text/plain' };
    expect((await refusal(start('', Buffer.alloc(1), { metadata: text })))[0]).toBe(415);
    expect((await refusal(start('', Buffer.alloc(1), { metadata: { ...metadata, bucketName: 'nope' } })))[0]).toBe(404);
  });
});
