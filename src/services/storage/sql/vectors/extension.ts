import { asDatabaseError, quoteIdentifier, type Transaction } from '#kernel/sql';

/** The extension that vectors are stored and compared with, as a database has it. */
export interface VectorExtension {
  /** Its schema, quoted. */
  readonly schema: string;
  /** Indexes of approximate neighbours (pgvector 0.5). */
  readonly hasHnsw: boolean;
  /** A type of half the precision, whose indexes have more dimensions (pgvector 0.7). */
  readonly hasHalf: boolean;
  /** Indexes that go on until enough rows pass a filter (pgvector 0.8). */
  readonly iterates: boolean;
}

const look = `
select n.nspname as schema, e.extversion as version,
  exists (select from pg_am where amname = 'hnsw') as "hasHnsw",
  exists (select from pg_type t where t.typnamespace = n.oid and t.typname = 'halfvec') as "hasHalf"
from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`;

/** Finds the extension. */
export async function findVectorExtension(transaction: Transaction): Promise<VectorExtension | undefined> {
  const { rows } = await transaction.query<{ schema: string; version: string; hasHnsw: boolean; hasHalf: boolean }>(
    look,
  );
  const [row] = rows;
  if (!row) return undefined;
  const [major = 0, minor = 0] = row.version.split('.').map(Number);
  return {
    schema: quoteIdentifier(row.schema),
    hasHnsw: row.hasHnsw,
    hasHalf: row.hasHalf,
    iterates: major > 0 || minor >= 8,
  };
}

/** Makes the extension, in schema `extensions` where there is one. @returns false when the server or its rules have it not */
export async function makeVectorExtension(transaction: Transaction): Promise<boolean> {
  const { rows } = await transaction.query("select to_regnamespace('extensions') is not null as present");
  try {
    await transaction.query(
      `create extension if not exists vector with schema ${rows[0]?.present ? 'extensions' : 'public'}`,
    );
    return true;
  } catch (error) {
    // Not installed on the server, or not for this role to create.
    if (['0A000', '58P01', '42501'].includes(asDatabaseError(error)?.code ?? '')) return false;
    throw error;
  }
}
