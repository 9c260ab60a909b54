import type { Transaction } from '#kernel/sql';

/** What the server knows of an object's content; the names are those that clients and SQL of applications read. */
export interface ObjectMetadata {
  readonly eTag: string;
  readonly size: number;
  readonly mimetype: string;
  readonly cacheControl: string;
  /** ISO 8601. */
  readonly lastModified: string;
  readonly contentLength: number;
  readonly httpStatusCode: number;
  readonly xRobotsTag?: string;
}

/** An object's row. */
export interface ObjectRow {
  readonly id: string;
  readonly bucket_id: string;
  readonly name: string;
  readonly owner: string | null;
  readonly owner_id: string | null;
  readonly version: string | null;
  readonly metadata: Partial<ObjectMetadata> | null;
  readonly user_metadata: Readonly<Record<string, unknown>> | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_accessed_at: Date;
}

/** What a row is made of. */
export interface NewObject {
  readonly bucketId: string;
  readonly name: string;
  /** The owner where it is a UUID, and as it is. */
  readonly owner: string | null;
  readonly ownerId: string | null;
  readonly version: string;
  readonly metadata: Partial<ObjectMetadata> | null;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
}

const columns =
  'id, bucket_id, name, owner, owner_id, version, metadata, user_metadata, created_at, updated_at, last_accessed_at';

const given = (object: NewObject): unknown[] => [
  object.bucketId,
  object.name,
  object.owner,
  object.ownerId,
  object.version,
  object.metadata === null ? null : JSON.stringify(object.metadata),
  object.userMetadata === null ? null : JSON.stringify(object.userMetadata),
];

const insert = `insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)
  values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb)`;

const overwrite = `on conflict (bucket_id, name) do update set
  owner = excluded.owner, owner_id = excluded.owner_id, version = excluded.version, metadata = excluded.metadata,
  user_metadata = excluded.user_metadata`;

/** Inserts a row as the scope. @throws 23505 when the name is taken, 42501 when policies forbid it */
export async function insertObject(transaction: Transaction, object: NewObject): Promise<void> {
  await transaction.query(insert, given(object));
}

/** Inserts or overwrites a row as the scope, which needs the right to do both, and to see the row. */
export async function upsertObject(transaction: Transaction, object: NewObject): Promise<ObjectRow> {
  const { rows } = await transaction.query<ObjectRow>(`${insert} ${overwrite} returning ${columns}`, given(object));
  return rows[0] as ObjectRow;
}

/** Inserts a row. @returns undefined when the name is taken */
export async function insertNewObject(transaction: Transaction, object: NewObject): Promise<ObjectRow | undefined> {
  const { rows } = await transaction.query<ObjectRow>(
    `${insert} on conflict (bucket_id, name) do nothing returning ${columns}`,
    given(object),
  );
  return rows[0];
}

/** Finds an object that the scope may see. */
export async function findObject(
  transaction: Transaction,
  bucketId: string,
  name: string,
  lock: '' | 'for update' | 'for share' = '',
): Promise<ObjectRow | undefined> {
  const { rows } = await transaction.query<ObjectRow>(
    `select ${columns} from storage.objects where bucket_id = $1 and name = $2 ${lock}`,
    [bucketId, name],
  );
  return rows[0];
}

/** Which of some names there are, for the scope. */
export async function findNames(
  transaction: Transaction,
  bucketId: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await transaction.query<{ name: string }>(
    'select name from storage.objects where bucket_id = $1 and name = any($2)',
    [bucketId, names],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Deletes as the scope, in the order of names so that two such requests cannot wait for each other. */
export async function deleteObjects(
  transaction: Transaction,
  bucketId: string,
  names: readonly string[],
): Promise<readonly ObjectRow[]> {
  const { rows } = await transaction.query<ObjectRow>(
    `delete from storage.objects where bucket_id = $1 and name = any($2) returning ${columns}`,
    [bucketId, names],
  );
  return rows;
}

/** Locks rows in the order of their names. @returns the names that are there */
export async function lockObjects(
  transaction: Transaction,
  bucketId: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await transaction.query<{ name: string }>(
    `select name from storage.objects where bucket_id = $1 and name = any($2) order by name collate "C" for update`,
    [bucketId, names],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Names of a bucket's objects that were made up to a moment. */
export async function someNames(
  transaction: Transaction,
  bucketId: string,
  until: Date,
  limit: number,
): Promise<readonly string[]> {
  const { rows } = await transaction.query<{ name: string }>(
    `select name from storage.objects where bucket_id = $1 and created_at <= $2 order by name collate "C" limit $3`,
    [bucketId, until, limit],
  );
  return rows.map(({ name }) => name);
}

/** Gives an object another place and owner, as the scope. @returns whether the scope may */
export async function moveObject(
  transaction: Transaction,
  id: string,
  to: {
    readonly bucketId: string;
    readonly name: string;
    readonly version: string;
    readonly owner: string | null;
    readonly ownerId: string | null;
  },
): Promise<boolean> {
  const { rowCount } = await transaction.query(
    `update storage.objects set bucket_id = $2, name = $3, version = $4, owner = $5, owner_id = $6 where id = $1`,
    [id, to.bucketId, to.name, to.version, to.owner, to.ownerId],
  );
  return rowCount > 0;
}
