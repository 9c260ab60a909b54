import type { Transaction } from '#kernel/sql';

/** A resumable upload that is not complete. */
export interface Upload {
  readonly version: string;
  readonly bucketId: string;
  readonly name: string;
  /** Undefined while the client has not said. */
  readonly size: number | undefined;
  readonly metadata: Readonly<Record<string, string | null>>;
  readonly createdAt: Date;
  /** An object was made of it. */
  readonly isComplete: boolean;
}

/** Statements on the table of resumable uploads; they run as its owner. */
export interface Uploads {
  insert(
    transaction: Transaction,
    upload: Omit<Upload, 'createdAt' | 'bucketId' | 'name' | 'isComplete'>,
  ): Promise<Date>;
  find(transaction: Transaction, version: string): Promise<Upload | undefined>;
  setSize(transaction: Transaction, version: string, size: number): Promise<void>;
  /** Forgets uploads that were completed a while ago: nobody asks any more how far they are. */
  forgetComplete(transaction: Transaction, milliseconds: number, limit: number): Promise<void>;
}

/** @param schema where the tables are, quoted */
export function createUploads(schema: string): Uploads {
  return {
    async insert(transaction, { version, size, metadata }) {
      const { rows } = await transaction.query<{ at: Date }>(
        `insert into ${schema}.storage_uploads (version, size, metadata) values ($1, $2, $3) returning created_at as at`,
        [version, size ?? null, JSON.stringify(metadata)],
      );
      return (rows[0] as { at: Date }).at;
    },
    async find(transaction, version) {
      const { rows } = await transaction.query<Omit<Upload, 'size'> & { size: number | null }>(
        `select u.version, v.bucket_id as "bucketId", v.name, u.size::float8 as size, u.metadata,
           u.created_at as "createdAt", v.size is not null as "isComplete"
         from ${schema}.storage_uploads u join ${schema}.storage_versions v using (version)
         where u.version = $1 and (v.due is null or v.due > clock_timestamp())`,
        [version],
      );
      const [row] = rows;
      return row && { ...row, size: row.size ?? undefined };
    },
    async setSize(transaction, version, size) {
      await transaction.query(`update ${schema}.storage_uploads set size = $2 where version = $1`, [version, size]);
    },
    async forgetComplete(transaction, milliseconds, limit) {
      await transaction.query(
        `delete from ${schema}.storage_uploads where version in (
           select u.version from ${schema}.storage_uploads u join ${schema}.storage_versions v using (version)
           where v.size is not null and u.created_at < clock_timestamp() - $1::float8 * interval '1 millisecond'
           limit $2)`,
        [milliseconds, limit],
      );
    },
  };
}
