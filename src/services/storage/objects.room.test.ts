import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backends, contentsAt, startOn } from './testing/backends.ts';
import type { StorageUnderTest } from './testing/storage-under-test.ts';

let storage: StorageUnderTest;

const put = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  storage.request('POST', `/object/${path}`, { body, headers: { 'content-type': 'text/plain', ...headers } });

const content = (path: string | null) => contentsAt(storage, path);

describe.each(backends)('over %s', (backend) => {
  beforeAll(async () => {
    storage = await startOn(backend);
    await storage.request('POST', '/bucket', { body: { name: 'files' } });
    await storage.request('POST', '/bucket', { body: { name: 'open', public: true } });
  });
  afterAll(() => storage.stop());

  describe('upload and download', () => {
    it('stores bytes under a version of their own and gives them back', async () => {
      const made = await put('files/a/b.txt', 'hello', { 'cache-control': 'max-age=60', 'x-robots-tag': 'noindex' });
      expect(made).toMatchObject({ status: 200, body: { Key: 'files/a/b.txt' } });
      expect(made.body.Id).toMatch(/^[0-9a-f-]{36}$/);
      const [row] = await storage.db.query<{ version: string; metadata: Record<string, unknown> }>(
        `select version, metadata from storage.objects where name = 'a/b.txt'`,
      );
      expect(await content('files/a/b.txt')).toEqual([row?.version]);
      expect(row?.metadata).toMatchObject({
        size: 5,
        contentLength: 5,
        mimetype: 'text/plain',
        cacheControl: 'max-age=60',
        eTag: '"5d41402abc4b2a76b9719d911017c592"',
        httpStatusCode: 200,
        xRobotsTag: 'noindex',
      });
      const got = await storage.request('GET', '/object/authenticated/files/a/b.txt');
      expect(got).toMatchObject({ status: 200, text: 'hello' });
      expect(Object.fromEntries(got.headers)).toMatchObject({
        'accept-ranges': 'bytes',
        'content-type': 'text/plain',
        'content-length': '5',
        etag: '"5d41402abc4b2a76b9719d911017c592"',
        'cache-control': 'max-age=60',
        'x-robots-tag': 'noindex',
      });
    });

    it('takes the first file of a form with the fields before it', async () => {
      const form = new FormData();
      form.append('cacheControl', '3600');
      form.append('metadata', JSON.stringify({ who: 'me' }));
      form.append('', new Blob(['form'], { type: 'text/css' }), 'x.css');
      const made = await storage.request('POST', '/object/files/form.css', { body: form });
      expect(made.status).toBe(200);
      const info = await storage.request('GET', '/object/info/files/form.css');
      expect(info.body).toMatchObject({
        name: 'form.css',
        bucket_id: 'files',
        size: 4,
        content_type: 'text/css',
        cache_control: 'max-age=3600',
        metadata: { who: 'me' },
      });
      expect((await storage.request('GET', '/object/files/form.css')).text).toBe('form');
    });

    it('says why a form without a file is refused', async () => {
      const form = new FormData();
      form.append('cacheControl', '3600');
      const made = await storage.request('POST', '/object/files/none', { body: form });
      expect(made).toMatchObject({ status: 400, body: { statusCode: '400', error: 'InvalidRequest' } });
    });

    it('refuses a second upload unless it is an upsert, and keeps the replaced content for a while', async () => {
      await put('files/twice', 'one');
      const again = await put('files/twice', 'two');
      expect(again).toMatchObject({
        status: 400,
        body: { statusCode: '409', error: 'Duplicate', message: 'The resource already exists' },
      });
      expect((await put('files/twice', 'three', { 'x-upsert': 'true' })).status).toBe(200);
      expect((await storage.request('GET', '/object/files/twice')).text).toBe('three');
      expect(await content('files/twice')).toHaveLength(2);
      await storage.db.query('update _pmoves.storage_versions set due = now() where due is not null');
      expect(await storage.room.api.sweep()).toBeGreaterThan(0);
      expect(await content('files/twice')).toHaveLength(1);
      expect((await storage.request('GET', '/object/files/twice')).text).toBe('three');
    });

    it('serves ranges, and 416 where there is nothing', async () => {
      await put('files/range', '0123456789');
      const range = async (value: string, extra: Record<string, string> = {}) => {
        const { status, text, headers } = await storage.request('GET', '/object/files/range', {
          headers: { range: value, ...extra },
        });
        return [status, text, headers.get('content-range')];
      };
      expect(await range('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10']);
      expect(await range('bytes=7-')).toEqual([206, '789', 'bytes 7-9/10']);
      expect(await range('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10']);
      expect(await range('bytes=0-99')).toEqual([206, '0123456789', 'bytes 0-9/10']);
      expect((await range('bytes=10-'))[0]).toBe(416);
      expect((await range('bytes=1-2,4-5'))[0]).toBe(200);
      expect((await range('bytes=2-4', { 'if-range': '"other"' }))[0]).toBe(200);
    });

    it('answers conditions, HEAD and download names', async () => {
      await put('files/cond', 'x');
      const etag = (await storage.request('HEAD', '/object/files/cond')).headers.get('etag') as string;
      expect((await storage.request('GET', '/object/files/cond', { headers: { 'if-none-match': etag } })).status).toBe(
        304,
      );
      const other = await storage.request('GET', '/object/files/cond', { headers: { 'if-none-match': '"no"' } });
      expect(other.headers.get('cache-control')).toBe('no-cache, stale-while-revalidate=30');
      const since = new Date(Date.now() + 60_000).toUTCString();
      expect(
        (await storage.request('GET', '/object/files/cond', { headers: { 'if-modified-since': since } })).status,
      ).toBe(304);
      const empty = await storage.request('GET', '/object/files/cond?download=');
      expect(empty.headers.get('content-disposition')).toBe('attachment;');
      const named = await storage.request('GET', '/object/files/cond?download=a%20b.txt');
      expect(named.headers.get('content-disposition')).toBe(
        "attachment; filename=a%20b.txt; filename*=UTF-8''a%20b.txt",
      );
      const head = await storage.request('HEAD', '/object/public/open/nope');
      expect(head.status).toBe(400);
    });

    it('serves HTML as text, and nothing as a page of the origin', async () => {
      await put('open/page.html', '<b>', { 'content-type': 'text/html; charset=utf-8' });
      const page = await storage.request('GET', '/object/public/open/page.html');
      expect(page.headers.get('content-type')).toBe('text/plain');
      expect(page.headers.get('content-security-policy')).toBeNull();
      const policies: string[] = [];
      for (const type of [
        'image/svg+xml',
        'application/xhtml+xml',
        'image/x+xml',
        'application/unknown',
        '*/*',
        'image/png',
      ]) {
        await put(`open/${policies.length}`, '<svg xmlns="http://www.w3.org/2000/svg"/>', { 'content-type': type });
        const { headers } = await storage.request('GET', `/object/public/open/${policies.length}`);
        policies.push(`${type} ${headers.get('content-security-policy')}`);
      }
      expect(policies).toEqual([
        'image/svg+xml sandbox',
        'application/xhtml+xml sandbox',
        'image/x+xml sandbox',
        'application/unknown sandbox',
        '*/* sandbox',
        'image/png null',
      ]);
    });

    it('keeps nothing of an upload that is too large or breaks off', async () => {
      await storage.request('POST', '/bucket', { body: { name: 'small', file_size_limit: '3B' } });
      expect(await put('small/x', 'four')).toMatchObject({
        status: 400,
        body: { statusCode: '413', error: 'Payload too large' },
      });
      const form = new FormData();
      form.append('', new Blob(['four']), 'x');
      expect(await storage.request('POST', '/object/small/y', { body: form })).toMatchObject({
        status: 400,
        body: { statusCode: '413' },
      });
      expect(await storage.db.query(`select from storage.objects where bucket_id = 'small'`)).toEqual([]);
      expect(await storage.db.query(`select from _pmoves.storage_versions where bucket_id = 'small'`)).toEqual([]);
      expect(await content(null)).toEqual([]);
    });

    it.each(['a/../b', '../x', 'a/./b', 'ünï', 'a%b', 'a#b', 'a[1]', 'a\\b', 'x'.repeat(1_025), '~a', 'a\0b'])(
      'refuses the name %j',
      async (name) => {
        const path = name.split('/').map(encodeURIComponent).join('%2F');
        expect(await put(`files/${path}`, 'x')).toMatchObject({
          status: 400,
          body: { statusCode: '400', error: 'InvalidKey' },
        });
      },
    );

    const names = [
      'a b',
      "it's!-.*()",
      '&$@=;:+,?',
      'a//b',
      'x/y/z',
      '.hidden',
      '..x',
      `${'d'.repeat(255)}/${'e'.repeat(255)}`,
    ];
    // s3rver loses a slash.
    it.each(names.filter((name) => backend !== 's3rver' || !name.includes('//')))('takes the name %j', async (name) => {
      const path = name.split('/').map(encodeURIComponent).join('/');
      expect((await put(`files/odd/${path}`, 'x')).body).toMatchObject({ Key: `files/odd/${name}` });
      expect((await storage.request('GET', `/object/files/odd/${path}`)).text).toBe('x');
      expect((await storage.request('DELETE', `/object/files/odd/${path}`)).body).toEqual({
        message: 'Successfully deleted',
      });
    });
  });

  describe('delete, move, copy', () => {
    it('deletes one and many', async () => {
      await put('files/d1', '1');
      await put('files/d2', '2');
      expect((await storage.request('DELETE', '/object/files/d0')).body).toMatchObject({
        statusCode: '404',
        error: 'not_found',
      });
      const many = await storage.request('DELETE', '/object/files', { body: { prefixes: ['d1', 'd2', 'd0'] } });
      expect(many.body.map(({ name }: { name: string }) => name).sort()).toEqual(['d1', 'd2']);
      expect((await storage.request('GET', '/object/files/d1')).body).toMatchObject({
        statusCode: '404',
        message: 'Object not found',
      });
      expect((await storage.request('DELETE', '/object/files', { body: {} })).body).toMatchObject({
        message: "body must have required property 'prefixes'",
      });
    });

    it('moves: the id stays, the content gets a version of its own', async () => {
      const { body } = await put('files/m1', 'move me');
      const moved = await storage.request('POST', '/object/move', {
        body: { bucketId: 'files', sourceKey: 'm1', destinationKey: 'moved/m2' },
      });
      expect(moved.body).toMatchObject({ message: 'Successfully moved' });
      expect((await storage.request('GET', '/object/info/files/moved/m2')).body.id).toBe(body.Id);
      expect((await storage.request('GET', '/object/files/moved/m2')).text).toBe('move me');
      expect((await storage.request('GET', '/object/files/m1')).body).toMatchObject({ statusCode: '404' });
      await put('files/m3', '3');
      expect(
        (
          await storage.request('POST', '/object/move', {
            body: { bucketId: 'files', sourceKey: 'm3', destinationKey: 'moved/m2' },
          })
        ).body,
      ).toMatchObject({ statusCode: '409', error: 'Duplicate' });
    });

    it('copies, with or without metadata', async () => {
      await put('files/c1', 'copy me', { 'cache-control': 'max-age=7' });
      const copied = await storage.request('POST', '/object/copy', {
        body: { bucketId: 'files', sourceKey: 'c1', destinationKey: 'c2', destinationBucket: 'open' },
      });
      expect(copied.body).toMatchObject({ Key: 'open/c2', name: 'c2', bucket_id: 'open' });
      expect((await storage.request('GET', '/object/public/open/c2')).text).toBe('copy me');
      const body = {
        bucketId: 'files',
        sourceKey: 'c1',
        destinationKey: 'c3',
        copyMetadata: false,
        metadata: { cacheControl: 'max-age=9', mimetype: 'text/css' },
      };
      await storage.request('POST', '/object/copy', { body });
      expect((await storage.request('GET', '/object/info/files/c3')).body).toMatchObject({
        content_type: 'text/css',
        cache_control: 'max-age=9',
      });
      expect((await storage.request('POST', '/object/copy', { body })).body).toMatchObject({ statusCode: '409' });
      expect((await storage.request('POST', '/object/copy', { body, headers: { 'x-upsert': 'true' } })).status).toBe(
        200,
      );
    });
  });

  describe('signed URLs', () => {
    it('lets whoever has one read until it expires, and nothing else', async () => {
      await put('files/s/1 x', 'signed');
      const { body } = await storage.request('POST', '/object/sign/files/s/1%20x', { body: { expiresIn: 60 } });
      expect(body.signedURL).toMatch(/^\/object\/sign\/files\/s\/1 x\?token=/);
      const path = encodeURI(body.signedURL);
      const got = await storage.request('GET', path, { token: undefined });
      expect(got).toMatchObject({ status: 200, text: 'signed' });
      expect(got.headers.get('cache-control')).toBeNull();
      expect(got.headers.get('expires')).not.toBeNull();
      const other = await storage.request('GET', path.replace('1%20x', '2'), { token: undefined });
      expect(other.body).toMatchObject({ statusCode: '400', error: 'InvalidSignature' });
      const upload = await storage.request('PUT', path.replace('/object/sign', '/object/upload/sign'), {
        token: undefined,
        body: 'x',
      });
      expect(upload.body).toMatchObject({ error: 'InvalidSignature' });
      storage.advance(61_000);
      expect((await storage.request('GET', path, { token: undefined })).body).toMatchObject({
        statusCode: '400',
        error: 'InvalidJWT',
        message: '"exp" claim timestamp check failed',
      });
      storage.advance(-61_000);
      expect((await storage.request('GET', '/object/sign/files/s/1%20x', { token: undefined })).body).toMatchObject({
        message: "querystring must have required property 'token'",
      });
    });

    it('does not take a user token for a signed URL', async () => {
      const token = storage.sign({ role: 'authenticated', url: 'files/s/1 x', exp: Date.now() });
      expect(
        (await storage.request('GET', `/object/sign/files/s/1%20x?token=${token}`, { token: undefined })).body,
      ).toMatchObject({
        error: 'InvalidSignature',
      });
    });

    it('signs many, and says which are not there', async () => {
      const { body } = await storage.request('POST', '/object/sign/files', {
        body: { expiresIn: 60, paths: ['s/1 x', 'nope'] },
      });
      expect(body).toMatchObject([
        { error: null, path: 's/1 x' },
        { error: 'Either the object does not exist or you do not have access to it', path: 'nope', signedURL: null },
      ]);
    });

    it('signs uploads; the second use finds the object there', async () => {
      const { body } = await storage.request('POST', '/object/upload/sign/files/up', { token: storage.serviceKey });
      const use = () =>
        storage.request('PUT', body.url, { token: undefined, body: 'up', headers: { 'content-type': 'text/plain' } });
      expect((await use()).body).toEqual({ Key: 'files/up' });
      expect((await use()).body).toMatchObject({ statusCode: '409', error: 'Duplicate' });
      expect(
        (await storage.request('GET', `/object/sign/files/up?token=${body.token}`, { token: undefined })).body,
      ).toMatchObject({
        error: 'InvalidSignature',
      });
    });
  });

  it('tells the bus what happened', async () => {
    storage.events.length = 0;
    await put('files/e1', 'event');
    await storage.request('POST', '/object/move', {
      body: { bucketId: 'files', sourceKey: 'e1', destinationKey: 'e2' },
    });
    await storage.request('DELETE', '/object/files/e2');
    expect(storage.events).toMatchObject([
      { type: 'ObjectCreated', by: 'Post', bucketId: 'files', name: 'e1', size: 5 },
      { type: 'ObjectMoved', name: 'e2', from: { bucketId: 'files', name: 'e1' } },
      { type: 'ObjectRemoved', by: 'Delete', name: 'e2' },
    ]);
  });

  it('answers what it does not do', async () => {
    expect((await storage.request('GET', '/render/image/public/open/x')).body).toMatchObject({
      statusCode: '409',
      code: 'InvalidRequest',
      message: 'The feature image_transformation is not enabled for this resource',
    });
    expect(await storage.request('GET', '/iceberg/bucket')).toMatchObject({
      status: 409,
      body: {
        error: {
          message: 'The feature iceberg is not enabled for this resource',
          type: 'FeatureNotEnabled',
          code: 409,
        },
      },
    });
    expect(await storage.request('PATCH', '/nowhere')).toMatchObject({
      status: 404,
      body: {
        statusCode: '404',
        error: 'Not Found',
        code: 'InvalidRequest',
        message: 'Route PATCH:/nowhere not found',
      },
    });
    expect((await storage.request('DELETE', '/cdn/open/x', { token: storage.anonKey })).status).toBe(403);
    expect((await storage.request('DELETE', '/cdn/open/x')).body).toMatchObject({ error: 'MissingParameter' });
    expect((await storage.request('GET', '/status')).status).toBe(200);
    expect((await storage.request('GET', '/health')).body).toEqual({ healthy: true });
  });
});
