import type { Transaction } from '#kernel/sql';

/** An upload in parts that is under way. */
export interface MultipartUpload {
  readonly id: string;
  readonly bucketId: string;
  readonly key: string;
  /** Of the object it will be. */
  readonly version: string;
  readonly ownerId: string | null;
  readonly createdAt: Date;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
  readonly metadata: { readonly contentType?: string; readonly cacheControl?: string } | null;
}

/** A part, which is a content of its own. */
export interface Part {
  readonly partNumber: number;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly version: string;
  readonly createdAt: Date;
}

const columns = `id, bucket_id as "bucketId", key, version, owner_id as "ownerId", created_at as "createdAt",
  user_metadata as "userMetadata", metadata`;

/** Records a new upload. */
export async function insertMultipart(
  transaction: Transaction,
  upload: Omit<MultipartUpload, 'createdAt'>,
): Promise<void> {
  await transaction.query(
    `insert into storage.s3_multipart_uploads
       (id, upload_signature, bucket_id, key, version, owner_id, user_metadata, metadata)
     values ($1, '', $2, $3, $4, $5, $6::jsonb, $7::jsonb)`,
    [
      upload.id,
      upload.bucketId,
      upload.key,
      upload.version,
      upload.ownerId,
      upload.userMetadata === null ? null : JSON.stringify(upload.userMetadata),
      JSON.stringify(upload.metadata),
    ],
  );
}

/** Finds an upload of this name. */
export async function findMultipart(
  transaction: Transaction,
  id: string,
  bucketId: string,
  key: string,
): Promise<MultipartUpload | undefined> {
  const { rows } = await transaction.query<MultipartUpload>(
    `select ${columns} from storage.s3_multipart_uploads where id = $1 and bucket_id = $2 and key = $3`,
    [id, bucketId, key],
  );
  return rows[0];
}

/** Records a part; a later one of the same number takes its place. */
export async function insertPart(
  transaction: Transaction,
  upload: MultipartUpload,
  part: Omit<Part, 'createdAt'>,
): Promise<void> {
  await transaction.query(
    `insert into storage.s3_multipart_uploads_parts
       (upload_id, size, part_number, bucket_id, key, etag, owner_id, version, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())`,
    [upload.id, part.size, part.partNumber, upload.bucketId, upload.key, part.etag, upload.ownerId, part.version],
  );
}

/** All parts by number, those that were replaced included (`latest` tells). */
export async function listParts(
  transaction: Transaction,
  uploadId: string,
): Promise<readonly (Part & { readonly latest: boolean })[]> {
  const { rows } = await transaction.query<Part & { latest: boolean }>(
    `select part_number as "partNumber", size::float8 as size, etag, version, created_at as "createdAt",
       row_number() over (partition by part_number order by created_at desc, id) = 1 as latest
     from storage.s3_multipart_uploads_parts where upload_id = $1 order by part_number, created_at`,
    [uploadId],
  );
  return rows;
}

/** Forgets an upload and its parts. @returns false when somebody else has */
export async function deleteMultipart(transaction: Transaction, id: string): Promise<boolean> {
  const { rowCount } = await transaction.query('delete from storage.s3_multipart_uploads where id = $1', [id]);
  return rowCount > 0;
}

/** An entry of a list of uploads: an upload, or a common prefix without an id. */
export interface MultipartEntry {
  readonly key: string;
  readonly id: string | null;
  readonly created_at: Date;
}

/** Lists uploads that the scope may see. */
export async function listMultipart(
  transaction: Transaction,
  query: {
    readonly bucketId: string;
    readonly prefix: string;
    readonly delimiter: string;
    readonly limit: number;
    readonly keyMarker: string;
    readonly idMarker: string;
  },
): Promise<readonly MultipartEntry[]> {
  const { rows } = await transaction.query<MultipartEntry>(
    'select key, id, created_at from storage.list_multipart_uploads_with_delimiter($1, $2, $3, $4, $5, $6)',
    [query.bucketId, query.prefix, query.delimiter, query.limit, query.keyMarker, query.idMarker],
  );
  return rows;
}

/** Uploads whose content was given up, with their parts' contents. */
export async function deleteAbandonedMultipart(
  transaction: Transaction,
  ownSchema: string,
  limit: number,
): Promise<readonly { readonly version: string; readonly bucketId: string; readonly name: string }[]> {
  const { rows } = await transaction.query<{ version: string; bucketId: string; name: string }>(
    `with gone as (
       select u.id from storage.s3_multipart_uploads u
       where u.created_at < clock_timestamp() - interval '1 minute'
         and not exists (select from ${ownSchema}.storage_versions v where v.version = u.version)
       limit $1 for update skip locked
     ), parts as (
       select p.version, p.bucket_id, p.key from storage.s3_multipart_uploads_parts p join gone on gone.id = p.upload_id
     ), deleted as (
       delete from storage.s3_multipart_uploads u using gone where u.id = gone.id
     )
     select version, bucket_id as "bucketId", key as name from parts`,
    [limit],
  );
  return rows;
}
