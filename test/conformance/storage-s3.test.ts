import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signedUpClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';
import { readEnv } from '../support/stack.ts';

// The AWS SDK with its own defaults (checksums, streaming signatures, x-id), through the gateway.
const stack = sharedStack();
const settings = readEnv(stack.cwd);
const endpoint = `${stack.url}/storage/v1/s3`;
const opened: S3Client[] = [];
const Bucket = 'cs3';

function client(options: Partial<S3ClientConfig> = {}): S3Client {
  const made = new S3Client({
    endpoint,
    region: settings.REGION ?? 'stub',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {
      accessKeyId: settings.S3_PROTOCOL_ACCESS_KEY_ID ?? '',
      secretAccessKey: settings.S3_PROTOCOL_ACCESS_KEY_SECRET ?? '',
    },
    ...options,
  });
  opened.push(made);
  return made;
}

const s3 = client();
const bytesOf = async (Key: string, Range?: string) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...(Range && { Range }) }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('hex');
const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });

beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await runSql(
    stack,
    `create policy "s3 own folder" on storage.objects for all to authenticated
       using (bucket_id = '${Bucket}' and (storage.foldername(name))[1] = (select auth.uid()::text))
       with check (bucket_id = '${Bucket}' and (storage.foldername(name))[1] = (select auth.uid()::text))`,
  );
});
afterAll(async () => {
  await runSql(stack, 'drop policy if exists "s3 own folder" on storage.objects');
  for (const each of opened) each.destroy();
});

test('buckets: made, found, described, removed', async () => {
  const made = await s3.send(new CreateBucketCommand({ Bucket: 'cs3-other' }));
  expect(made.Location).toBe('/cs3-other');
  const names = (await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name);
  expect(names).toEqual(expect.arrayContaining([Bucket, 'cs3-other']));
  await expect(s3.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject(status(409));
  expect((await s3.send(new HeadBucketCommand({ Bucket }))).$metadata.httpStatusCode).toBe(200);
  expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe(settings.REGION ?? 'stub');
  expect(await s3.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({ Status: 'Suspended' });
  await s3.send(new PutObjectCommand({ Bucket: 'cs3-other', Key: 'x', Body: 'x' }));
  await expect(s3.send(new DeleteBucketCommand({ Bucket: 'cs3-other' }))).rejects.toMatchObject(status(409));
  await s3.send(new DeleteObjectCommand({ Bucket: 'cs3-other', Key: 'x' }));
  expect((await s3.send(new DeleteBucketCommand({ Bucket: 'cs3-other' }))).$metadata.httpStatusCode).toBe(204);
  await expect(s3.send(new HeadBucketCommand({ Bucket: 'cs3-other' }))).rejects.toMatchObject(status(404));
  await expect(s3.send(new GetObjectCommand({ Bucket: 'cs3-other', Key: 'x' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
    ...status(404),
  });
});

describe('objects', () => {
  test.each([
    ['a text', Buffer.from('a text'), String],
    ['bytes', randomBytes(300_000), (bytes: Buffer) => bytes],
    ['nothing', Buffer.alloc(0), (bytes: Buffer) => bytes],
    // Signed chunk by chunk, with a checksum behind them.
    [
      'a stream',
      randomBytes(200_000),
      (bytes: Buffer) => Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]),
    ],
  ])('%s goes up and comes back', async (Key, sent, bodyOf) => {
    const put = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body: bodyOf(sent),
        ContentLength: sent.length,
        ContentType: 'text/css',
        CacheControl: 'max-age=5',
        Metadata: { mine: 'yes' },
      }),
    );
    expect(put.ETag).toBe(`"${md5(sent)}"`);
    expect((await bytesOf(Key)).equals(sent)).toBe(true);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({
      ContentLength: sent.length,
      ContentType: 'text/css',
      CacheControl: 'max-age=5',
      ETag: put.ETag,
      Metadata: { mine: 'yes' },
    });
  });

  test('ranges and conditions', async () => {
    const put = await s3.send(new PutObjectCommand({ Bucket, Key: 'range', Body: '0123456789' }));
    expect((await bytesOf('range', 'bytes=2-4')).toString()).toBe('234');
    expect((await bytesOf('range', 'bytes=-3')).toString()).toBe('789');
    expect((await bytesOf('range', 'bytes=8-')).toString()).toBe('89');
    const get = (more: object) => s3.send(new GetObjectCommand({ Bucket, Key: 'range', ...more }));
    await expect(get({ Range: 'bytes=50-' })).rejects.toMatchObject(status(416));
    await expect(get({ IfNoneMatch: put.ETag })).rejects.toMatchObject(status(304));
    await expect(get({ IfMatch: '"other"' })).rejects.toMatchObject(status(412));
    await expect(get({ IfModifiedSince: new Date(Date.now() + 60_000) })).rejects.toMatchObject(status(304));
    const replaced = await get({ ResponseContentType: 'text/x', ResponseContentDisposition: 'attachment' });
    expect(replaced).toMatchObject({ ContentType: 'text/x', ContentDisposition: 'attachment' });
    await replaced.Body?.transformToString();
  });

  test('copies', async () => {
    const from = "copy/it's +1 & (more).txt";
    await s3.send(new PutObjectCommand({ Bucket, Key: from, Body: 'copied', Metadata: { a: '1' } }));
    const CopySource = `${Bucket}/${encodeURIComponent(from)}`;
    const done = await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy/to', CopySource }));
    expect(done.CopyObjectResult?.ETag).toBe(`"${md5('copied')}"`);
    expect((await bytesOf('copy/to')).toString()).toBe('copied');
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy/to' }))).Metadata).toEqual({ a: '1' });
    await s3.send(
      new CopyObjectCommand({ Bucket, Key: 'copy/to', CopySource, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }),
    );
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy/to' }))).Metadata).toEqual({ b: '2' });
    await expect(
      s3.send(new CopyObjectCommand({ Bucket, Key: 'copy/x', CopySource: `${Bucket}/nope` })),
    ).rejects.toMatchObject({ name: 'NoSuchKey', ...status(404) });
  });

  test('lists of both versions, page by page, whatever the delimiter', async () => {
    const Prefix = 'pages/';
    const names = ['a', 'a-1', 'a.txt', 'a/x', 'a/y', 'a0', 'b/1/2', 'b/3', 'c d', 'e&f', 'z'].map((n) => Prefix + n);
    await Promise.all(names.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))));
    const folded = ['a', 'a-1', 'a.txt', 'a/', 'a0', 'b/', 'c d', 'e&f', 'z'].map((n) => Prefix + n);
    for (const [Delimiter, wanted] of [
      [undefined, names],
      ['/', folded],
    ] as const)
      for (const MaxKeys of [1, 2, 3, 1_000]) {
        const query = { Bucket, Prefix, MaxKeys, ...(Delimiter && { Delimiter }) };
        const second: string[] = [];
        let token: string | undefined;
        do {
          const page = await s3.send(
            new ListObjectsV2Command({ ...query, ...(token && { ContinuationToken: token }) }),
          );
          const found = entries(page);
          expect(found.length).toBeLessThanOrEqual(MaxKeys);
          expect(page.KeyCount).toBe(found.length);
          second.push(...found);
          token = page.IsTruncated ? page.NextContinuationToken : undefined;
        } while (token !== undefined);
        expect(second, `v2 ${MaxKeys}`).toEqual(wanted);
        const first: string[] = [];
        let marker: string | undefined;
        do {
          const page = await s3.send(new ListObjectsCommand({ ...query, ...(marker && { Marker: marker }) }));
          first.push(...entries(page));
          marker = page.IsTruncated ? page.NextMarker : undefined;
        } while (marker !== undefined);
        expect(first, `v1 ${MaxKeys}`).toEqual(wanted);
      }
    const after = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, StartAfter: `${Prefix}c d` }));
    expect(entries(after)).toEqual([`${Prefix}e&f`, `${Prefix}z`]);
    const gone = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: names.map((Key) => ({ Key })), Quiet: true } }),
    );
    expect(gone.Deleted ?? []).toEqual([]);
    expect((await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).KeyCount).toBe(0);
  });
});

function entries(page: Pick<ListObjectsV2CommandOutput, 'Contents' | 'CommonPrefixes'>): string[] {
  const keys = [
    ...(page.Contents ?? []).map(({ Key = '' }) => Key),
    ...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
  ];
  return keys.sort((a, b) => (a < b ? -1 : 1));
}

describe('uploads in parts', () => {
  test('by hand, with copies of what is there', async () => {
    const Key = 'parts/by hand';
    const source = randomBytes(6 * 1024 ** 2);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'parts/source', Body: source }));
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'text/x', Metadata: { of: 'parts' } }),
    );
    const at = { Bucket, Key, UploadId };
    const CopySource = `${Bucket}/${encodeURIComponent('parts/source')}`;
    const whole = await s3.send(new UploadPartCopyCommand({ ...at, PartNumber: 1, CopySource }));
    const piece = await s3.send(
      new UploadPartCopyCommand({ ...at, PartNumber: 2, CopySource, CopySourceRange: 'bytes=0-5242879' }),
    );
    expect(piece.CopyPartResult?.ETag).toBe(`"${md5(source.subarray(0, 5_242_880))}"`);
    const last = await s3.send(new UploadPartCommand({ ...at, PartNumber: 3, Body: 'the end' }));
    const listed = await s3.send(new ListPartsCommand(at));
    expect(listed.Parts?.map(({ Size }) => Size)).toEqual([source.length, 5_242_880, 7]);
    const open = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'parts/' }));
    expect(open.Uploads?.map((each) => each.UploadId)).toEqual([UploadId]);
    const Parts = [whole.CopyPartResult?.ETag, piece.CopyPartResult?.ETag, last.ETag].map((ETag, index) => ({
      PartNumber: index + 1,
      ETag,
    }));
    const done = await s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }));
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    const expected = Buffer.concat([source, source.subarray(0, 5_242_880), Buffer.from('the end')]);
    expect((await bytesOf(Key)).equals(expected)).toBe(true);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({
      ContentType: 'text/x',
      Metadata: { of: 'parts' },
      ETag: done.ETag,
    });
  });

  test('by lib-storage, of a stream of unknown length', async () => {
    const bytes = randomBytes(11 * 1024 ** 2);
    const pieces = Array.from({ length: 11 }, (_, n) => bytes.subarray(n * 1024 ** 2, (n + 1) * 1024 ** 2));
    const progress: number[] = [];
    const upload = new Upload({ client: s3, params: { Bucket, Key: 'parts/lib', Body: Readable.from(pieces) } });
    upload.on('httpUploadProgress', ({ loaded }) => progress.push(loaded ?? 0));
    await upload.done();
    expect(Math.max(...progress)).toBe(bytes.length);
    expect((await bytesOf('parts/lib')).equals(bytes)).toBe(true);
  });

  test('given up', async () => {
    const at = { Bucket, Key: 'parts/given up' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
    await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: 'x' }));
    await s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }));
    await expect(s3.send(new ListPartsCommand({ ...at, UploadId }))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});

describe('URLs that are signed beforehand', () => {
  test('write and read, for that key alone', async () => {
    const Key = 'signed/a +b.txt';
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 });
    expect((await fetch(put, { method: 'PUT', body: 'by URL' })).status).toBe(200);
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
    expect(await (await fetch(get)).text()).toBe('by URL');
    expect(await (await fetch(get, { headers: { range: 'bytes=3-5' } })).text()).toBe('URL');
    for (const forged of [get.replace('signed/', 'range'), get.replace('Expires=60', 'Expires=61'), put])
      expect((await fetch(forged)).status).toBe(403);
    expect((await fetch(`${endpoint}/${Bucket}/range`)).status).toBe(403);
  });

  test('from a page of another origin', async () => {
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'signed/cors' }), { expiresIn: 60 });
    const preflight = await fetch(put, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type,x-amz-meta-a',
      },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-amz-meta-a');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
    const sent = await fetch(put, { method: 'PUT', body: 'x', headers: { origin: 'https://app.example.com' } });
    expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'signed/parts' }));
    const part = await getSignedUrl(
      s3,
      new UploadPartCommand({ Bucket, Key: 'signed/parts', UploadId, PartNumber: 1 }),
      { expiresIn: 60 },
    );
    // Without it no page could complete what it uploaded.
    const answer = await fetch(part, { method: 'PUT', body: 'x', headers: { origin: 'https://app.example.com' } });
    expect(answer.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('etag');
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'signed/parts', UploadId }));
  });
});

describe('who may', () => {
  test('keys that are none, and a wrong region', async () => {
    const credentials = { accessKeyId: settings.S3_PROTOCOL_ACCESS_KEY_ID ?? '', secretAccessKey: 'wrong' };
    const list = (options: Partial<S3ClientConfig>) => client(options).send(new ListBucketsCommand({}));
    await expect(list({ credentials })).rejects.toMatchObject({ name: 'SignatureDoesNotMatch', ...status(403) });
    await expect(list({ credentials: { ...credentials, accessKeyId: 'nobody' } })).rejects.toMatchObject(status(403));
    await expect(list({ region: 'eu-central-9' })).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    for (const region of ['us-east-1', 'auto']) await expect(list({ region })).resolves.toBeDefined();
  });

  test("a user's token as session token acts as that user", async () => {
    const { id, token } = await signedUpClient(stack, `s3-${randomBytes(4).toString('hex')}@example.com`);
    const session = (sessionToken: string) =>
      client({ credentials: { accessKeyId: 'stub', secretAccessKey: stack.env.anonKey, sessionToken } });
    const user = session(token);
    await s3.send(new PutObjectCommand({ Bucket, Key: `other/${id}`, Body: 'not theirs' }));
    await user.send(new PutObjectCommand({ Bucket, Key: `${id}/own`, Body: 'theirs' }));
    const back = await user.send(new GetObjectCommand({ Bucket, Key: `${id}/own` }));
    expect(await back.Body?.transformToString()).toBe('theirs');
    const seen = await user.send(new ListObjectsV2Command({ Bucket }));
    expect(entries(seen)).toEqual([`${id}/own`]);
    await expect(user.send(new GetObjectCommand({ Bucket, Key: `other/${id}` }))).rejects.toMatchObject(status(404));
    for (const refused of [
      new PutObjectCommand({ Bucket, Key: 'other/x', Body: 'x' }),
      new CopyObjectCommand({ Bucket, Key: 'other/x', CopySource: `${Bucket}/${id}/own` }),
      new CreateMultipartUploadCommand({ Bucket, Key: 'other/x' }),
    ])
      await expect(user.send(refused as PutObjectCommand)).rejects.toMatchObject({ name: 'AccessDenied' });
    const many = await user.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: `other/${id}` }, { Key: `${id}/own` }] } }),
    );
    expect(many.Deleted?.map(({ Key }) => Key)).toContain(`${id}/own`);
    expect((await bytesOf(`other/${id}`)).toString()).toBe('not theirs');
    await expect(session('nonsense').send(new ListBucketsCommand({}))).rejects.toMatchObject(status(403));
  });
});
