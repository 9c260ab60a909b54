import {
  abortMultipart,
  completeMultipart,
  createMultipart,
  type PartList,
  partsOf,
  requireMultipart,
  uploadPart,
} from '../../core/multipart.ts';
import { findReadable, openObject } from '../../core/objects/read.ts';
import { storageError } from '../../errors.ts';
import { listMultipart } from '../../sql/multipart.ts';
import { scoped } from '../../sql/scope.ts';
import { childText, parseXml } from '../../wire/s3/xml.ts';
import { parseRange } from '../byte-range.ts';
import { headerOf, publicBase } from '../exchange.ts';
import { checkedBody, readChecked } from './body.ts';
import { encoder, numberOf } from './buckets.ts';
import { assertCopyConditions, copySource, userMetadata } from './objects.ts';
import type { S3Call, S3Operation } from './operation.ts';
import { xml } from './respond.ts';

const partsLimit = 10_000;
const uploadsPage = 1_000;

const find = ({ exchange, scope, bucket, key, query }: S3Call) =>
  requireMultipart(exchange.context, scope, query.get('uploadId') ?? '', bucket, key);

function partNumberOf({ query }: S3Call): number {
  const text = query.get('partNumber') ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > partsLimit)
    throw storageError('InvalidRequest', { message: `Part number must be an integer between 1 and ${partsLimit}` });
  return number;
}

/** Parts as the client lists them, in rising order. @throws MalformedXML, InvalidRequest */
function readParts(body: Buffer): PartList {
  if (body.length === 0) return [];
  const document = parseXml(body.toString('utf8'));
  if (document.name !== 'CompleteMultipartUpload') throw storageError('MalformedXML');
  const parts = document.children
    .filter(({ name }) => name === 'Part')
    .map((part) => ({
      partNumber: Number(childText(part, 'PartNumber')),
      etag: (childText(part, 'ETag') ?? '').trim().replace(/^"|"$/g, ''),
    }));
  if (parts.length > partsLimit) throw storageError('MalformedXML');
  if (parts.some((part, index) => index > 0 && part.partNumber <= (parts[index - 1]?.partNumber ?? 0)))
    throw storageError('InvalidRequest', { message: 'The list of parts was not in ascending order.' });
  return parts;
}

async function* bytesOf(content: AsyncIterable<Buffer> | Buffer): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(content)) yield content;
  else yield* content;
}

const exposed = { 'access-control-expose-headers': 'etag' };

/** Uploads in parts. */
export const multipartOperations: readonly S3Operation[] = [
  {
    method: 'GET',
    on: 'bucket',
    query: ['uploads'],
    name: 'storage.s3.upload.list_multipart',
    run: async ({ exchange, scope, bucket, query }) => {
      const encode = encoder(query);
      const limit = numberOf(query, 'max-uploads', 200, uploadsPage);
      const prefix = query.get('prefix') ?? '';
      const delimiter = query.get('delimiter') ?? '';
      const keyMarker = query.get('key-marker') ?? '';
      const found = await scoped(exchange.context.db, scope, (transaction) =>
        listMultipart(transaction, {
          bucketId: bucket,
          prefix,
          delimiter,
          limit: limit + 1,
          keyMarker,
          idMarker: query.get('upload-id-marker') ?? '',
        }),
      );
      const entries = found.slice(0, limit);
      const last = found.length > limit ? entries.at(-1) : undefined;
      return xml('ListMultipartUploadsResult', {
        Bucket: bucket,
        KeyMarker: encode(keyMarker),
        UploadIdMarker: query.get('upload-id-marker') ?? '',
        NextKeyMarker: last && encode(last.key),
        NextUploadIdMarker: last?.id ?? undefined,
        Prefix: encode(prefix),
        Delimiter: delimiter === '' ? undefined : encode(delimiter),
        MaxUploads: limit,
        IsTruncated: last !== undefined,
        Upload: entries.flatMap(({ key, id, created_at: at }) =>
          id === null
            ? []
            : [{ Key: encode(key), UploadId: id, StorageClass: 'STANDARD', Initiated: at.toISOString() }],
        ),
        CommonPrefixes: entries.flatMap(({ key, id }) => (id === null ? [{ Prefix: encode(key) }] : [])),
      });
    },
  },
  {
    method: 'POST',
    on: 'object',
    query: ['uploads'],
    name: 'storage.s3.upload.create_multipart',
    run: async ({ exchange, scope, bucket, key }) => {
      const id = await createMultipart(exchange.context, scope, {
        bucketId: bucket,
        key,
        contentType: headerOf(exchange.request, 'content-type') ?? 'application/octet-stream',
        cacheControl: headerOf(exchange.request, 'cache-control') ?? 'no-cache',
        userMetadata: userMetadata(exchange),
      });
      return xml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id });
    },
  },
  {
    method: 'PUT',
    on: 'object',
    query: ['uploadId', 'partNumber'],
    header: 'x-amz-copy-source',
    name: 'storage.s3.upload.part_copy',
    run: async (call) => {
      const { exchange, scope } = call;
      const { context } = exchange;
      const number = partNumberOf(call);
      const upload = await find(call);
      const place = copySource(exchange);
      const source = async () => (await findReadable({ context, scope }, place.bucketId, place.name, 'caller')).object;
      const row = await source();
      assertCopyConditions(exchange, row);
      const { content } = await openObject(context, row, source);
      const wanted = headerOf(exchange.request, 'x-amz-copy-source-range');
      const range = parseRange(wanted, content.size);
      if (range === 'unsatisfiable' || (wanted !== undefined && range === undefined)) {
        await content.close();
        throw storageError('InvalidRange');
      }
      const part = await uploadPart(context, scope, upload, number, bytesOf(await content.read(range)));
      return xml('CopyPartResult', { ETag: `"${part.etag}"`, LastModified: part.createdAt.toISOString() });
    },
  },
  {
    method: 'PUT',
    on: 'object',
    query: ['uploadId', 'partNumber'],
    name: 'storage.s3.upload.part',
    run: async (call) => {
      const { exchange, caller, scope } = call;
      const number = partNumberOf(call);
      const upload = await find(call);
      const { source } = checkedBody(exchange, caller);
      const part = await uploadPart(exchange.context, scope, upload, number, source);
      return { headers: { etag: `"${part.etag}"`, ...exposed } };
    },
  },
  {
    method: 'POST',
    on: 'object',
    query: ['uploadId'],
    name: 'storage.s3.upload.complete_multipart',
    run: async (call) => {
      const { exchange, caller, scope, bucket, key } = call;
      const parts = readParts(await readChecked(exchange, caller));
      const row = await completeMultipart(exchange.context, scope, await find(call), parts);
      return xml('CompleteMultipartUploadResult', {
        Location: `${publicBase(exchange)}${exchange.prefix}/s3/${bucket}/${encodeURIComponent(key).replaceAll('%2F', '/')}`,
        Bucket: bucket,
        Key: key,
        ETag: row.metadata?.eTag,
      });
    },
  },
  {
    method: 'DELETE',
    on: 'object',
    query: ['uploadId'],
    name: 'storage.s3.upload.abort_multipart',
    run: async (call) => {
      await abortMultipart(call.exchange.context, call.scope, await find(call));
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    on: 'object',
    query: ['uploadId'],
    name: 'storage.s3.upload.list_parts',
    run: async (call) => {
      const { exchange, scope, bucket, key, query } = call;
      const upload = await find(call);
      const limit = numberOf(query, 'max-parts', 1_000, 1_000);
      const marker = numberOf(query, 'part-number-marker', 0, partsLimit);
      const behind = (await partsOf(exchange.context, scope, upload)).filter(({ partNumber }) => partNumber > marker);
      const page = behind.slice(0, limit);
      const isTruncated = behind.length > limit;
      return xml('ListPartsResult', {
        Bucket: bucket,
        Key: key,
        UploadId: upload.id,
        PartNumberMarker: marker,
        NextPartNumberMarker: isTruncated ? page.at(-1)?.partNumber : undefined,
        MaxParts: limit,
        IsTruncated: isTruncated,
        Part: page.map(({ partNumber, etag, size, createdAt }) => ({
          PartNumber: partNumber,
          LastModified: createdAt.toISOString(),
          ETag: `"${etag}"`,
          Size: size,
        })),
        StorageClass: 'STANDARD',
      });
    },
  },
];
