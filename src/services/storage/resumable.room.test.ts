import { randomBytes } from 'node:crypto';
import * as tus from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backends, contentsAt, startOn } from './testing/backends.ts';
import type { StorageUnderTest } from './testing/storage-under-test.ts';

let storage: StorageUnderTest;

interface Wish {
  readonly name: string;
  readonly bucket?: string;
  readonly headers?: Record<string, string>;
  readonly path?: string;
  readonly options?: Partial<tus.UploadOptions>;
}

function uploadOf(bytes: Buffer, { name, bucket = 'tus', headers, path = '/upload/resumable', options }: Wish) {
  let upload!: tus.Upload;
  const done = new Promise<void>((resolve, reject) => {
    upload = new tus.Upload(bytes, {
      endpoint: storage.url + path,
      chunkSize: 1024 * 1024,
      retryDelays: [],
      uploadDataDuringCreation: true,
      headers: { authorization: `Bearer ${storage.serviceKey}`, ...headers },
      metadata: {
        bucketName: bucket,
        objectName: name,
        contentType: 'text/x-tus',
        cacheControl: '60',
        metadata: '{"a":1}',
      },
      onSuccess: () => resolve(),
      onError: reject,
      ...options,
    });
  });
  return { upload, done };
}

const run = async (bytes: Buffer, wish: Wish) => {
  const { upload, done } = uploadOf(bytes, wish);
  upload.start();
  await done;
  return upload;
};

const download = async (name: string) =>
  Buffer.from(
    await (
      await fetch(`${storage.url}/object/tus/${name}`, { headers: { authorization: `Bearer ${storage.serviceKey}` } })
    ).arrayBuffer(),
  );

describe.each(backends)('over %s', (backend) => {
  beforeAll(async () => {
    storage = await startOn(backend, { STORAGE_TUS_LOCK_TIMEOUT: '1s' });
    await storage.request('POST', '/bucket', { body: { name: 'tus' } });
    await storage.request('POST', '/bucket', { body: { name: 'small', file_size_limit: '10B' } });
  });
  afterAll(() => storage.stop());

  it('uploads in pieces, and the object is what was sent', async () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 17);
    const upload = await run(bytes, { name: 'a b/large.bin' });
    expect(upload.url).toMatch(new RegExp(`^${storage.url}/upload/resumable/[\\w-]+$`));
    expect((await download('a%20b/large.bin')).equals(bytes)).toBe(true);
    expect((await storage.request('GET', '/object/info/tus/a%20b/large.bin')).body).toMatchObject({
      size: bytes.length,
      content_type: 'text/x-tus',
      cache_control: 'max-age=60',
      metadata: { a: 1 },
    });
    const head = await fetch(upload.url as string, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${storage.serviceKey}`, 'tus-resumable': '1.0.0' },
    });
    expect(head.headers.get('upload-offset')).toBe(String(bytes.length));
  });

  it('goes on where it was broken off', async () => {
    const bytes = randomBytes(4 * 1024 * 1024);
    const { upload, done } = uploadOf(bytes, {
      name: 'resumed',
      options: {
        onProgress: (sent) => {
          if (sent > 1.5 * 1024 * 1024) void upload.abort();
        },
      },
    });
    upload.start();
    await expect.poll(() => upload.url !== null && (upload as unknown as { _aborted: boolean })._aborted).toBe(true);
    expect(await Promise.race([done.then(() => 'done'), Promise.resolve('open')])).toBe('open');
    const second = await run(bytes, { name: 'resumed', options: { uploadUrl: upload.url } });
    expect(second.url).toBe(upload.url);
    expect((await download('resumed')).equals(bytes)).toBe(true);
  });

  it('takes uploads of unknown and of no length', async () => {
    await run(randomBytes(10), {
      name: 'deferred',
      options: { uploadLengthDeferred: true, uploadDataDuringCreation: false },
    });
    await run(Buffer.alloc(0), { name: 'empty', options: { uploadDataDuringCreation: false } });
    expect((await download('empty')).length).toBe(0);
  });

  it('answers errors as text with their true status', async () => {
    await run(Buffer.from('x'), { name: 'twice' });
    const failure = async (wish: Wish, bytes = Buffer.from('x')) => {
      const error = (await run(bytes, wish).catch((thrown: unknown) => thrown)) as tus.DetailedError;
      return [error.originalResponse?.getStatus(), error.originalResponse?.getBody()];
    };
    expect(await failure({ name: 'twice' })).toEqual([409, 'The resource already exists']);
    expect(await failure({ name: 'x', bucket: 'nope' })).toEqual([404, 'Bucket not found']);
    expect(await failure({ name: 'ünï' })).toEqual([400, 'Invalid key: ünï']);
    expect(await failure({ name: '../x' })).toEqual([400, 'Invalid key: ../x']);
    expect(await failure({ name: 'large', bucket: 'small' }, Buffer.alloc(11))).toEqual([
      413,
      'The object exceeded the maximum allowed size',
    ]);
    expect(await failure({ name: 'y', headers: { authorization: `Bearer ${storage.anonKey}` } })).toEqual([
      403,
      'new row violates row-level security policy',
    ]);
    await run(Buffer.from('y'), { name: 'twice', headers: { 'x-upsert': 'true' } });
    expect((await download('twice')).toString()).toBe('y');
  });

  it('takes signed uploads, and no others, without a token', async () => {
    const { body } = await storage.request('POST', '/object/upload/sign/tus/signed');
    const path = '/upload/resumable/sign';
    await run(Buffer.from('signed'), {
      name: 'signed',
      path,
      headers: { authorization: '', 'x-signature': body.token },
    });
    expect((await download('signed')).toString()).toBe('signed');
    await expect(
      run(Buffer.from('x'), { name: 'other', path, headers: { 'x-signature': body.token } }),
    ).rejects.toThrow();
    await expect(run(Buffer.from('x'), { name: 'other', path })).rejects.toThrow(/x-signature/);
  });

  it('says where uploads are as clients see it', async () => {
    const answer = await fetch(`${storage.url}/upload/resumable`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${storage.serviceKey}`,
        'tus-resumable': '1.0.0',
        'upload-length': '5',
        'upload-metadata': `bucketName ${btoa('tus')},objectName ${btoa('located')}`,
        'x-forwarded-host': 'files.example.com',
        'x-forwarded-proto': 'https',
        'x-forwarded-prefix': '/storage/v1',
      },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toMatch(
      /^https:\/\/files\.example\.com\/storage\/v1\/upload\/resumable\/[\w-]+$/,
    );
    expect(answer.headers.get('upload-expires')).not.toBeNull();
    const id = answer.headers.get('location')?.split('/').at(-1);
    const call = (method: string, headers: Record<string, string>, body?: string) =>
      fetch(`${storage.url}/upload/resumable/${id}`, {
        method,
        headers: { authorization: `Bearer ${storage.serviceKey}`, 'tus-resumable': '1.0.0', ...headers },
        ...(body !== undefined && { body }),
      });
    const patch = { 'content-type': 'application/offset+octet-stream' };
    expect((await call('PATCH', { ...patch, 'upload-offset': '3' }, 'xx')).status).toBe(409);
    expect((await call('PATCH', { ...patch, 'upload-offset': '0' }, 'abc')).headers.get('upload-offset')).toBe('3');
    expect((await call('PATCH', { ...patch, 'upload-offset': '3' }, 'too long')).status).toBe(413);
    expect((await call('DELETE', {})).status).toBe(204);
    expect((await call('HEAD', {})).status).toBe(404);
    expect(await contentsAt(storage, null)).toEqual([]);
  });

  it('announces what it can do', async () => {
    const answer = await fetch(`${storage.url}/upload/resumable`, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('tus-extension')).toBe(
      'creation,creation-with-upload,creation-defer-length,termination,expiration',
    );
    expect(answer.headers.get('tus-version')).toBe('1.0.0');
  });
});
