import type { Transaction } from '#kernel/sql';

/** A content in the backend. */
export interface Version {
  readonly version: string;
  readonly bucketId: string;
  readonly name: string;
}

/** What is known of a content once it is whole. */
export interface VersionFacts {
  readonly size: number;
  /** Hexadecimal; null where only the backend ever saw the whole content. */
  readonly sha256: string | null;
}

/** Statements on the product's own table of contents; they run as its owner. */
export interface Versions {
  /** Announces content that is going to be written; without a commit within `milliseconds` it may be removed. */
  announce(transaction: Transaction, version: Version, milliseconds: number): Promise<void>;
  /** Puts off the end of an announced content. @returns false when it was given up already */
  extend(transaction: Transaction, version: string, milliseconds: number): Promise<boolean>;
  /** Keeps content for good. @returns false when it was given up already, so that its object must not come to be */
  keep(transaction: Transaction, version: string, facts: VersionFacts): Promise<boolean>;
  /**
   * Gives an announced content up: no object comes to be of it any more, and it may be removed.
   *
   * @returns false when an object lives from it, or somebody else gave it up
   */
  abandon(transaction: Transaction, version: string): Promise<boolean>;
  /** Content that no object lives from any more may be removed after `milliseconds`. */
  retire(transaction: Transaction, versions: readonly Version[], milliseconds: number): Promise<void>;
  facts(transaction: Transaction, version: string): Promise<VersionFacts | undefined>;
  /** Takes contents that are due, locked against other nodes until the transaction ends. */
  due(transaction: Transaction, limit: number): Promise<readonly Version[]>;
  forget(transaction: Transaction, versions: readonly string[]): Promise<void>;
}

/** @param schema where the table is, quoted */
export function createVersions(schema: string): Versions {
  const table = `${schema}.storage_versions`;
  const givenUp = "timestamptz '-infinity'";
  const after = (index: number) => `clock_timestamp() + $${index}::float8 * interval '1 millisecond'`;
  return {
    async announce(transaction, { version, bucketId, name }, milliseconds) {
      await transaction.query(`insert into ${table} (version, bucket_id, name, due) values ($1, $2, $3, ${after(4)})`, [
        version,
        bucketId,
        name,
        milliseconds,
      ]);
    },
    async extend(transaction, version, milliseconds) {
      const { rowCount } = await transaction.query(
        `update ${table} set due = ${after(2)} where version = $1 and due > ${givenUp}`,
        [version, milliseconds],
      );
      return rowCount > 0;
    },
    async keep(transaction, version, { size, sha256 }) {
      const { rowCount } = await transaction.query(
        `update ${table} set due = null, size = $2, sha256 = $3
         where version = $1 and (due is null or due > ${givenUp})`,
        [version, size, sha256],
      );
      return rowCount > 0;
    },
    async abandon(transaction, version) {
      const { rowCount } = await transaction.query(
        `update ${table} set due = ${givenUp} where version = $1 and due > ${givenUp}`,
        [version],
      );
      return rowCount > 0;
    },
    async retire(transaction, versions, milliseconds) {
      if (versions.length === 0) return;
      // Content that was there before this product was has no row yet.
      await transaction.query(
        `insert into ${table} (version, bucket_id, name, due)
         select version, bucket_id, name, ${after(4)}
         from unnest($1::text[], $2::text[], $3::text[]) as retired (version, bucket_id, name) order by version
         on conflict (version) do update set due = excluded.due`,
        [
          versions.map(({ version }) => version),
          versions.map(({ bucketId }) => bucketId),
          versions.map(({ name }) => name),
          milliseconds,
        ],
      );
    },
    async facts(transaction, version) {
      const { rows } = await transaction.query<{ size: number; sha256: string | null }>(
        `select size::float8 as size, sha256 from ${table} where version = $1 and size is not null`,
        [version],
      );
      return rows[0];
    },
    async due(transaction, limit) {
      const { rows } = await transaction.query<Version>(
        `select version, bucket_id as "bucketId", name from ${table} v
         where due is not null and due < clock_timestamp()
           and not exists (select from storage.objects o
             where o.bucket_id = v.bucket_id and o.name = v.name and o.version = v.version)
         order by due limit $1 for update of v skip locked`,
        [limit],
      );
      return rows;
    },
    async forget(transaction, versions) {
      await transaction.query(`delete from ${table} where version = any($1)`, [versions]);
    },
  };
}
