import {
  asDatabaseError,
  type Client,
  type ConnectionOptions,
  connectClient,
  type MigrationFile,
  quoteIdentifier,
} from '#kernel/sql';
import { access } from './access.ts';
import { functions } from './functions.ts';
import { ledger, ledgerRows, upstreamMigrations } from './ledger.ts';
import { listing } from './listing.ts';
import { ownTables } from './own-tables.ts';
import { search } from './search.ts';
import { tables, triggers } from './tables.ts';

/** Schema `storage` by topic, in order of reference. Every file may be run again and starts from whatever is there. */
export const storageMigrations: readonly MigrationFile[] = [
  { version: 'ledger', sql: ledger },
  { version: 'tables', sql: tables },
  { version: 'triggers', sql: triggers },
  { version: 'functions', sql: functions },
  { version: 'listing', sql: listing },
  { version: 'search', sql: search },
  { version: 'access', sql: access },
  { version: 'ledger-rows', sql: ledgerRows },
];

/** Key of the advisory lock that lets any number of nodes start at once. */
const lock = 7_221_041_010;

/** Raised with every change of the files above: a schema that says it is of this revision is not touched. */
const revision = 'pmoves-supabase 3';

const complete = `
select obj_description('storage.objects'::regclass, 'pg_class') = $1
  and (select count(*) from storage.migrations where name = any($2::text[])) = cardinality($2::text[]) as complete`;

/** What the schema is and where the product's own tables are. */
export interface MigratedSchema {
  readonly applied: boolean;
  /** Schema of the product's own tables, quoted. */
  readonly own: string;
}

/**
 * Brings schema `storage` up to date in one transaction; a few queries when there is nothing to do. The product's own tables
 * are in `_pmoves`, or beside those of storage where no other schema can be had.
 *
 * @throws Error naming the file that failed, with the server's error as its cause
 */
export async function migrateStorage(connection: ConnectionOptions): Promise<MigratedSchema> {
  const client = await connectClient(connection, 0);
  try {
    await client.pg.query('select pg_advisory_lock($1)', [lock]);
    const applied = !(await isComplete(client));
    if (applied) await apply(client);
    return { applied, own: await makeOwnTables(client) };
  } finally {
    // Ends the transaction and gives the lock back.
    await client.pg.end();
  }
}

async function isComplete(client: Client): Promise<boolean> {
  try {
    return (await client.pg.query(complete, [revision, upstreamMigrations])).rows[0]?.complete === true;
  } catch (error) {
    // undefined_table, invalid_schema_name: a new database.
    if (['42P01', '3F000'].includes(asDatabaseError(error)?.code ?? '')) return false;
    throw error;
  }
}

async function apply(client: Client): Promise<void> {
  await client.pg.query('begin');
  // "… already exists, skipping" once per object would drown the log.
  await client.pg.query('set local client_min_messages to warning; set local search_path to storage, pg_catalog');
  const { rows } = await client.pg.query("select to_regnamespace('storage') is null as missing");
  if (rows[0]?.missing) await client.pg.query('create schema storage');
  for (const file of storageMigrations) {
    try {
      await client.pg.query(file.sql);
    } catch (error) {
      throw new Error(`storage migration ${file.version}: ${(error as Error).message}`, { cause: error });
    }
  }
  await client.pg.query(`comment on table storage.objects is '${revision}'`);
  await client.pg.query('commit');
}

const preferredSchema = '_pmoves';

async function makeOwnTables(client: Client): Promise<string> {
  const { rows } = await client.pg.query<{ schema: string | null }>(
    `select (select nspname from pg_class join pg_namespace n on n.oid = relnamespace
       where relname = 'storage_uploads' and nspname in ('${preferredSchema}', 'storage') order by nspname limit 1) as schema`,
  );
  const present = rows[0]?.schema;
  if (present) return quoteIdentifier(present);
  for (const schema of [preferredSchema, 'storage']) {
    try {
      await client.pg.query('begin');
      // CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it is there.
      const known = await client.pg.query('select to_regnamespace($1) is null as missing', [schema]);
      if (known.rows[0]?.missing) await client.pg.query(`create schema ${quoteIdentifier(schema)}`);
      await client.pg.query(ownTables(quoteIdentifier(schema)));
      await client.pg.query('commit');
      return quoteIdentifier(schema);
    } catch (error) {
      await client.pg.query('rollback');
      if (schema === 'storage' || asDatabaseError(error)?.code !== '42501') throw error;
    }
  }
  throw new Error('unreachable');
}
