import { asDatabaseError, type Client } from '#kernel/sql';
import { planScript, type ScriptPlan } from './script-plan.ts';
import { ScriptError, type Statement } from './split-statements.ts';
import {
  findInitScripts,
  findMigrations,
  findSeed,
  readUserFile,
  type UserFile,
  type UserMigration,
} from './user-files.ts';

/** Where a project's SQL is found and how it is run. */
export interface UserMigrationOptions {
  /** The folder with `supabase/migrations` and `supabase/seed.sql` in it; undefined: not looked for. */
  readonly projectDir: string | undefined;
  /** The folder whose SQL files run once each, before the migrations; undefined: not looked for. */
  readonly initDir: string | undefined;
  /** Opens a connection to the main database as `postgres`. Not called when there are no files. */
  readonly connect: () => Promise<Client>;
}

/** The first statement that failed; what came before it stays applied. */
export interface UserMigrationFailure {
  /** The file, relative to its folder: `supabase/migrations/1_a.sql`, `supabase/seed.sql`, `init/a.sql`. */
  readonly file: string;
  /** Line of the error, counted from 1. */
  readonly line: number;
  /** The server's text with its SQLSTATE, or why the file cannot be run. */
  readonly message: string;
}

/** Files applied now, in order, and where it stopped. */
export interface UserMigrationResult {
  readonly applied: string[];
  readonly failure?: UserMigrationFailure;
}

interface Job {
  readonly file: UserFile;
  readonly isDone: (client: Client) => Promise<boolean>;
  /** Makes the history entry; inside the script's transaction where there is one. */
  readonly record: (client: Client, hash: string, plan: ScriptPlan) => Promise<void>;
}

const lockKey = 7_366_002;

/** The CLI's own tables (`supabase migration list` and `db push` read and write them), and one of the same kind. */
const historySql = `
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
create table if not exists supabase_migrations.seed_files (path text not null primary key, hash text not null);
create table if not exists supabase_migrations.init_files (path text not null primary key, hash text not null);
`;

/**
 * Applies what is new of a project's SQL: init scripts, migrations, seed, each file once and in one transaction. Stops
 * at the first file that fails. Any number of nodes may call it at once.
 *
 * @throws when the connection fails; errors in the files are returned
 */
export async function applyUserMigrations(options: UserMigrationOptions): Promise<UserMigrationResult> {
  const { projectDir, initDir } = options;
  const init = initDir === undefined ? [] : await findInitScripts(initDir);
  const migrations = projectDir === undefined ? [] : await findMigrations(projectDir);
  const seed = projectDir === undefined ? [] : await findSeed(projectDir);
  const jobs = [
    ...init.map((file) => onceJob(file, 'init_files')),
    ...migrations.map(migrationJob),
    ...seed.map((file) => onceJob(file, 'seed_files')),
  ];
  if (jobs.length === 0) return { applied: [] };
  const client = await options.connect();
  try {
    return await runJobs(client, jobs);
  } finally {
    await client.pg.end().catch(() => {
      // The connection is gone already.
    });
  }
}

async function runJobs(client: Client, jobs: readonly Job[]): Promise<UserMigrationResult> {
  const applied: string[] = [];
  await client.pg.query('select pg_advisory_lock($1)', [lockKey]);
  await createHistory(client);
  for (const job of jobs) {
    if (await job.isDone(client)) continue;
    const failure = await runFile(client, job);
    if (failure) return { applied, failure };
    applied.push(job.file.name);
  }
  return { applied };
}

async function createHistory(client: Client): Promise<void> {
  const { rows } = await client.pg.query(
    `select to_regclass('supabase_migrations.schema_migrations') is not null
       and to_regclass('supabase_migrations.seed_files') is not null
       and to_regclass('supabase_migrations.init_files') is not null as complete`,
  );
  if (!rows[0]?.complete) await client.pg.query(historySql);
}

async function runFile(client: Client, job: Job): Promise<UserMigrationFailure | undefined> {
  const file = job.file.name;
  let plan: ScriptPlan;
  let hash: string;
  try {
    const content = await readUserFile(job.file);
    hash = content.hash;
    plan = planScript(content.text);
  } catch (error) {
    if (error instanceof ScriptError) return { file, line: error.line, message: error.message };
    throw error;
  }
  let current: Statement | undefined;
  try {
    if (plan.transaction === 'ours') await client.pg.query('begin');
    for (const statement of plan.run) {
      current = statement;
      await client.pg.query(statement.text);
    }
    current = undefined;
    // A role or search_path the script left behind must not reach the history, nor the next file.
    if (plan.transaction !== 'ours') await resetSession(client);
    else await client.pg.query('set constraints all immediate; reset session authorization; reset role');
    await job.record(client, hash, plan);
    if (plan.transaction === 'ours') await client.pg.query('commit');
    await resetSession(client);
    return undefined;
  } catch (error) {
    const refusal = asDatabaseError(error);
    if (refusal === undefined || !client.usable) throw error;
    await client.pg.query('rollback');
    const hint = refusal.hint ? ` (${refusal.hint})` : '';
    return {
      file,
      line: current ? errorLine(current, refusal.position) : lastLine(plan),
      message: `${refusal.message}${hint} [SQLSTATE ${refusal.code}]`,
    };
  }
}

async function resetSession(client: Client): Promise<void> {
  // `rollback` ends what a script left open; without a transaction it is only a warning.
  await client.pg.query('rollback');
  await client.pg.query('reset session authorization; reset role; reset all');
}

function errorLine(statement: Statement, position: string | undefined): number {
  if (position === undefined) return statement.headLine;
  // The server counts characters, JavaScript UTF-16 units.
  const before = Array.from(statement.text).slice(0, Number(position) - 1);
  return statement.line + before.filter((character) => character === '\n').length;
}

function lastLine(plan: ScriptPlan): number {
  return plan.statements.at(-1)?.headLine ?? 1;
}

function migrationJob(file: UserMigration): Job {
  return {
    file,
    isDone: (client) => exists(client, 'schema_migrations', 'version', file.version),
    record: async (client, _hash, plan) => {
      await client.pg.query(
        'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)',
        [file.version, file.title, plan.statements.map((statement) => statement.text)],
      );
    },
  };
}

function onceJob(file: UserFile, table: 'seed_files' | 'init_files'): Job {
  return {
    file,
    isDone: (client) => exists(client, table, 'path', file.name),
    record: async (client, hash) => {
      await client.pg.query(`insert into supabase_migrations.${table} (path, hash) values ($1, $2)`, [file.name, hash]);
    },
  };
}

async function exists(client: Client, table: string, column: string, value: string): Promise<boolean> {
  const { rows } = await client.pg.query(`select from supabase_migrations.${table} where ${column} = $1`, [value]);
  return rows.length > 0;
}
