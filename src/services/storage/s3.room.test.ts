import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
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
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOn } from './testing/backends.ts';
import type { StorageUnderTest } from './testing/storage-under-test.ts';

let storage: StorageUnderTest;
let s3: S3Client;
const keys = { accessKeyId: 'an-access-key', secretAccessKey: 'its-secret' };

const client = (options: Partial<S3ClientConfig> = {}): S3Client =>
  new S3Client({
    endpoint: `${storage.url}/storage/v1/s3`,
    region: 'stub',
    forcePathStyle: true,
    credentials: keys,
    maxAttempts: 1,
    ...options,
  });

const Bucket = 's3';
const text = async (Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

// s3rver copies no parts.
describe.each(['file', 's3'] as const)('over %s', (backend) => {
  beforeAll(async () => {
    storage = await startOn(backend, {
      S3_PROTOCOL_ACCESS_KEY_ID: keys.accessKeyId,
      S3_PROTOCOL_ACCESS_KEY_SECRET: keys.secretAccessKey,
      ANON_KEY: 'the-anon-key',
      FILE_SIZE_LIMIT: '100MB',
    });
    s3 = client();
    await s3.send(new CreateBucketCommand({ Bucket: 's3' }));
  });
  afterAll(async () => {
    s3.destroy();
    await storage.stop();
  });

  describe('buckets', () => {
    it('are made, seen and removed', async () => {
      await s3.send(new CreateBucketCommand({ Bucket: 'made', ACL: 'public-read' }));
      expect((await storage.request('GET', '/bucket/made')).body.public).toBe(true);
      expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(['made', 's3']);
      expect((await s3.send(new HeadBucketCommand({ Bucket: 'made' }))).BucketRegion).toBe('stub');
      expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeDefined();
      expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Suspended');
      await s3.send(new DeleteBucketCommand({ Bucket: 'made' }));
      await expect(s3.send(new HeadBucketCommand({ Bucket: 'made' }))).rejects.toMatchObject({
        $metadata: { httpStatusCode: 404 },
      });
    });
  });

  describe('objects', () => {
    it.each(['plain', 'a b+c/d=e&f;g', "it's(1)!.txt", 'deep/er/x'])(
      '%s is put, read, headed and deleted',
      async (Key) => {
        const put = await s3.send(
          new PutObjectCommand({
            Bucket,
            Key,
            Body: 'content',
            ContentType: 'text/css',
            CacheControl: 'max-age=5',
            Metadata: { mine: 'yes' },
          }),
        );
        expect(put.ETag).toBe(`"${createHash('md5').update('content').digest('hex')}"`);
        expect(await text(Key)).toBe('content');
        const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
        expect(head).toMatchObject({
          ContentLength: 7,
          ContentType: 'text/css',
          CacheControl: 'max-age=5',
          Metadata: { mine: 'yes' },
        });
        const part = await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=1-3' }));
        expect(part.ContentRange).toBe('bytes 1-3/7');
        expect(await part.Body?.transformToString()).toBe('ont');
        await expect(s3.send(new GetObjectCommand({ Bucket, Key, IfNoneMatch: head.ETag }))).rejects.toMatchObject({
          $metadata: { httpStatusCode: 304 },
        });
        await s3.send(new DeleteObjectCommand({ Bucket, Key }));
        await s3.send(new DeleteObjectCommand({ Bucket, Key }));
        await expect(text(Key)).rejects.toMatchObject({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } });
      },
    );

    it('are put once where the client asks for it', async () => {
      const put = () => s3.send(new PutObjectCommand({ Bucket, Key: 'once', Body: 'x', IfNoneMatch: '*' }));
      await put();
      await expect(put()).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    });

    it.each(['SHA1', 'SHA256', 'CRC32', 'CRC32C'] as const)(
      'checks %s, of buffers and of streams',
      async (ChecksumAlgorithm) => {
        const bytes = randomBytes(200_000);
        await s3.send(new PutObjectCommand({ Bucket, Key: 'sum', Body: bytes, ChecksumAlgorithm }));
        const stream = Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]);
        await s3.send(
          new PutObjectCommand({ Bucket, Key: 'sum', Body: stream, ContentLength: bytes.length, ChecksumAlgorithm }),
        );
        const back = await (await s3.send(new GetObjectCommand({ Bucket, Key: 'sum' }))).Body?.transformToByteArray();
        expect(Buffer.from(back ?? []).equals(bytes)).toBe(true);
        await expect(
          s3.send(
            new PutObjectCommand({
              Bucket,
              Key: 'bad',
              Body: 'x',
              [`Checksum${ChecksumAlgorithm}`]: Buffer.alloc(4).toString('base64'),
            }),
          ),
        ).rejects.toMatchObject({ name: 'BadDigest' });
      },
    );

    it('are copied, with their metadata or other', async () => {
      await s3.send(
        new PutObjectCommand({
          Bucket,
          Key: 'from +é'.slice(0, 6),
          Body: 'copied',
          ContentType: 'text/css',
          Metadata: { a: '1' },
        }),
      );
      const CopySource = `/${Bucket}/${encodeURIComponent('from +')}`;
      const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource }));
      expect(copied.CopyObjectResult?.ETag).toMatch(/^"[0-9a-f]{32}"$/);
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }))).toMatchObject({
        ContentType: 'text/css',
        Metadata: { a: '1' },
      });
      await s3.send(
        new CopyObjectCommand({
          Bucket,
          Key: 'to',
          CopySource,
          MetadataDirective: 'REPLACE',
          ContentType: 'text/plain',
          Metadata: { b: '2' },
        }),
      );
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }))).toMatchObject({
        ContentType: 'text/plain',
        Metadata: { b: '2' },
      });
      await expect(
        s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource, CopySourceIfMatch: '"other"' })),
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    });

    it('are listed in both ways, and deleted many at a time', async () => {
      const Prefix = 'list/';
      const names = ['a', 'b/1', 'b/2', 'c&d', 'e f'].map((name) => Prefix + name);
      for (const Key of names) await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
      const seen: (string | undefined)[] = [];
      let token: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix,
            Delimiter: '/',
            MaxKeys: 2,
            ...(token && { ContinuationToken: token }),
          }),
        );
        seen.push(
          ...(page.CommonPrefixes ?? []).map((each) => each.Prefix),
          ...(page.Contents ?? []).map((each) => each.Key),
        );
        token = page.NextContinuationToken;
      } while (token);
      expect(seen.sort()).toEqual(['list/a', 'list/b/', 'list/c&d', 'list/e f']);
      const first = await s3.send(new ListObjectsCommand({ Bucket, Prefix, MaxKeys: 3 }));
      expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'list/b/2' });
      const versions = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix, MaxKeys: 3 }));
      expect(versions.Versions?.map(({ Key }) => Key)).toEqual(first.Contents?.map(({ Key }) => Key));
      expect(versions.Versions?.[0]).toMatchObject({ VersionId: 'null', IsLatest: true });
      expect(versions.NextKeyMarker).toBe(first.NextMarker);
      const rest = await s3.send(new ListObjectsCommand({ Bucket, Prefix, Marker: first.NextMarker }));
      const others = await s3.send(
        new ListObjectVersionsCommand({ Bucket, Prefix, KeyMarker: versions.NextKeyMarker, VersionIdMarker: 'null' }),
      );
      expect(others.Versions?.map(({ Key }) => Key)).toEqual(rest.Contents?.map(({ Key }) => Key));
      expect(rest.Contents?.map(({ Key }) => Key)).toEqual(['list/c&d', 'list/e f']);
      const encoded = await s3.send(
        new ListObjectsV2Command({ Bucket, Prefix, EncodingType: 'url', StartAfter: 'list/c' }),
      );
      expect(encoded.Contents?.map(({ Key }) => Key)).toEqual(['list/c%26d', 'list/e%20f']);
      const deleted = await s3.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...names, 'list/none'].map((Key) => ({ Key })) } }),
      );
      expect(deleted.Deleted).toHaveLength(6);
      expect((await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).KeyCount).toBe(0);
    });

    it('says what it does not do', async () => {
      await expect(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))).rejects.toMatchObject({
        $metadata: { httpStatusCode: 501 },
      });
      await s3.send(new PutObjectCommand({ Bucket, Key: 'tag', Body: 'x' }));
      expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tag' }))).TagSet ?? []).toEqual([]);
    });
  });

  describe('uploads in parts', () => {
    it('by hand: parts, copies of parts, lists, completion', async () => {
      const Key = 'parts/one';
      const head = randomBytes(5 * 1024 * 1024);
      await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789' }));
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'text/x' }));
      const first = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: head }));
      const copy = await s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber: 2,
          CopySource: `${Bucket}/source`,
          CopySourceRange: 'bytes=2-5',
        }),
      );
      expect(copy.CopyPartResult?.ETag).toBe(`"${createHash('md5').update('2345').digest('hex')}"`);
      const parts = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
      expect(parts.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
        [1, head.length],
        [2, 4],
      ]);
      expect((await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'parts/' }))).Uploads).toMatchObject([
        { Key, UploadId },
      ]);
      const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
        s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
      await expect(complete([{ PartNumber: 1, ETag: '"wrong"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
      const done = await complete([
        { PartNumber: 1, ETag: first.ETag },
        { PartNumber: 2, ETag: copy.CopyPartResult?.ETag },
      ]);
      expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
      const back = await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray();
      expect(Buffer.from(back ?? []).equals(Buffer.concat([head, Buffer.from('2345')]))).toBe(true);
      await expect(complete([{ PartNumber: 1, ETag: first.ETag }])).rejects.toMatchObject({ name: 'NoSuchUpload' });
    });

    it('by the library, and given up', async () => {
      const bytes = randomBytes(12 * 1024 * 1024);
      await new Upload({
        client: s3,
        params: { Bucket, Key: 'lib', Body: Readable.from([bytes]) },
        queueSize: 2,
      }).done();
      const back = await (await s3.send(new GetObjectCommand({ Bucket, Key: 'lib' }))).Body?.transformToByteArray();
      expect(Buffer.from(back ?? []).equals(bytes)).toBe(true);
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'gone' }));
      await s3.send(new UploadPartCommand({ Bucket, Key: 'gone', UploadId, PartNumber: 1, Body: 'x' }));
      await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'gone', UploadId }));
      expect((await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'gone' }))).Uploads ?? []).toEqual([]);
      await storage.room.api.sweep();
      expect(await storage.db.query(`select from _pmoves.storage_versions where name = 'gone'`)).toEqual([]);
    });
  });

  describe('signatures', () => {
    it('in URLs, for reading and writing, until they expire', async () => {
      const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'pre signed' }), { expiresIn: 60 });
      expect((await fetch(put, { method: 'PUT', body: 'presigned' })).status).toBe(200);
      const get = await getSignedUrl(
        s3,
        new GetObjectCommand({ Bucket, Key: 'pre signed', ResponseContentType: 'text/x-other' }),
        {
          expiresIn: 60,
        },
      );
      const answer = await fetch(get);
      expect([await answer.text(), answer.headers.get('content-type')]).toEqual(['presigned', 'text/x-other']);
      expect((await fetch(get.replace('pre%20signed', 'other'))).status).toBe(403);
      storage.advance(61_000);
      expect(await (await fetch(get)).text()).toContain('Request has expired');
      storage.advance(-61_000);
    });

    it('of nobody, of another secret, of another time', async () => {
      expect(await (await fetch(`${storage.url}/s3/${Bucket}/x`)).text()).toContain('Missing signature');
      const attempt = (options: Partial<S3ClientConfig>) => client(options).send(new ListBucketsCommand({}));
      await expect(attempt({ credentials: { ...keys, secretAccessKey: 'wrong' } })).rejects.toMatchObject({
        name: 'SignatureDoesNotMatch',
      });
      await expect(attempt({ credentials: { ...keys, accessKeyId: 'nobody' } })).rejects.toMatchObject({
        name: 'AccessDenied',
      });
      await expect(attempt({ region: 'eu-central-9' })).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
      await expect(attempt({ region: 'us-east-1' })).resolves.toBeDefined();
      storage.advance(3_600_000);
      await expect(attempt({})).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
      storage.advance(-3_600_000);
    });

    it('with a session token are those of a user', async () => {
      const session = client({
        credentials: { accessKeyId: 'stub', secretAccessKey: 'the-anon-key', sessionToken: storage.userKey },
      });
      await expect(session.send(new PutObjectCommand({ Bucket, Key: 'user', Body: 'x' }))).rejects.toMatchObject({
        name: 'AccessDenied',
      });
      await storage.db.query(
        'create policy mine on storage.objects for all to authenticated using (owner_id = auth.uid()::text)',
      );
      await session.send(new PutObjectCommand({ Bucket, Key: 'user', Body: 'x' }));
      const seen = await session.send(new ListObjectsV2Command({ Bucket }));
      expect(seen.Contents?.map(({ Key }) => Key)).toEqual(['user']);
      const bad = client({
        credentials: { accessKeyId: 'stub', secretAccessKey: 'the-anon-key', sessionToken: 'nonsense' },
      });
      await expect(bad.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' });
    });

    it('a body that is not the one that was signed is refused', async () => {
      const url = `${storage.url}/storage/v1/s3/${Bucket}/forged?x-id=PutObject`;
      const signer = client();
      let signed: Record<string, string> = {};
      signer.middlewareStack.add(
        (next) => async (args) => {
          signed = { ...(args.request as { headers: Record<string, string> }).headers };
          return next(args);
        },
        { step: 'deserialize' },
      );
      await signer.send(new PutObjectCommand({ Bucket, Key: 'forged', Body: 'right' }));
      const status = (body: string) =>
        new Promise((resolve, reject) => {
          const sent = request(url, { method: 'PUT', headers: signed }, (answer) =>
            resolve(answer.resume().statusCode),
          );
          sent.once('error', reject).end(body);
        });
      expect(await status('wrong')).toBe(400);
      expect(await status('right')).toBe(200);
      expect(await text('forged')).toBe('right');
    });
  });
});
