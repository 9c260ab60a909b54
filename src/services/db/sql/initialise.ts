import { asDatabaseError, type Client, quoteIdentifier } from '#kernel/sql';
import { matchesDigest, secretDigest } from './digest.ts';
import { createHistory, type History, type Outcome, readHistory, recordPassword, recordStep } from './history.ts';
import { createInternalSchemas, internalDatabase } from './internal-database.ts';
import { steps } from './migrations/all.ts';
import { isDone, runSteps } from './run-steps.ts';
import { appSettingEntries, setAppSettings, setPasswords } from './secrets.ts';
import type { StepContext } from './step.ts';

/** What a database is to be set up with. */
export interface InitialiseOptions {
  /** Name of the main database; created when missing. */
  readonly database: string;
  /** Shared password of the login roles; undefined leaves them alone. */
  readonly password: string | undefined;
  /** For `app.settings.jwt_secret`; undefined leaves it alone. */
  readonly jwtSecret: string | undefined;
  /** Seconds, for `app.settings.jwt_exp`. */
  readonly jwtExpiry: number;
  /** The client is a superuser. False: what is permitted is done, the rest is reported as denied, nothing fails. */
  readonly superuser: boolean;
  /** The server finds our SQL-only extensions. */
  readonly ownExtensions: boolean;
  /** Opens a connection of the same role to another database of the same server. */
  readonly connect: (database: string) => Promise<Client>;
}

/** What was done. */
export interface InitialiseResult {
  /** Versions applied now; empty on a warm start. */
  readonly applied: string[];
  /** What the connected role had no right to do. Always empty for a superuser. */
  readonly denied: { readonly version: string; readonly message: string }[];
}

const lockKey = 7_366_001;
const internalVersion = 'database/_supabase';
const ignoreFailure = () => {};

/**
 * Makes a database a Supabase project's: roles, schemas, grants, helpers, event triggers, extensions, the internal
 * database, passwords and `app.settings`. Any number of nodes may call it at once. What exists is never changed, so
 * that a database of the official images is accepted as it is.
 *
 * @param client connected to any database of the server; best to `options.database`, then no second one is opened
 */
export async function initialiseDatabase(client: Client, options: InitialiseOptions): Promise<InitialiseResult> {
  const { rows } = await client.pg.query<{ name: string; version: string; user: string }>(
    `select current_database() as name, current_setting('server_version_num') as version, current_user as user`,
  );
  const { name, version, user } = rows[0] as { name: string; version: string; user: string };
  const context: StepContext = {
    admin: options.superuser ? 'supabase_admin' : quoteIdentifier(user),
    database: quoteIdentifier(options.database),
    superuser: options.superuser,
    serverVersion: Number(version),
  };
  if (name === options.database) return initialiseMain(client, options, context);
  const main = await connectOrCreate(client, options);
  try {
    return await initialiseMain(main, options, context);
  } finally {
    await main.pg.end().catch(ignoreFailure);
  }
}

async function connectOrCreate(client: Client, options: InitialiseOptions): Promise<Client> {
  const { rows } = await client.pg.query('select from pg_database where datname = $1', [options.database]);
  if (rows.length === 0) await createDatabase(client, options.database);
  return options.connect(options.database);
}

/** @returns false when the database was there already */
async function createDatabase(client: Client, database: string): Promise<boolean> {
  try {
    // template0: nobody can be connected to it, which would make the copy fail.
    await client.pg.query(`create database ${quoteIdentifier(database)} template template0`);
    return true;
  } catch (error) {
    const code = asDatabaseError(error)?.code;
    // Another node was faster.
    if (code !== '42P04' && code !== '23505') throw error;
    return false;
  }
}

async function initialiseMain(
  client: Client,
  options: InitialiseOptions,
  context: StepContext,
): Promise<InitialiseResult> {
  const warm = await readHistory(client);
  if (warm.foreign || (await isComplete(warm, options, context))) return { applied: [], denied: [] };
  // Losing the last moments of an initialisation in a crash only repeats them; the last commit below flushes all.
  await client.pg.query('set synchronous_commit = off');
  await client.pg.query('select pg_advisory_lock($1)', [lockKey]);
  try {
    return await initialiseLocked(client, options, context);
  } finally {
    await client.pg
      .query(`select pg_advisory_unlock(${lockKey}); reset synchronous_commit; reset createrole_self_grant`)
      .catch(ignoreFailure);
  }
}

async function initialiseLocked(
  client: Client,
  options: InitialiseOptions,
  context: StepContext,
): Promise<InitialiseResult> {
  if (!options.superuser && context.serverVersion >= 160000)
    await client.pg.query(`set createrole_self_grant = 'set, inherit'`);
  await createHistory(client);
  const history = await readHistory(client);
  const server = serverKey(options, context);
  const due = steps.filter((step) => !isDone(step, history, options.superuser, server));
  const report = due.length > 0 ? await runSteps(client, due, context, server) : { applied: [], denied: [] };
  const applied = [...report.applied];
  const denied = [...report.denied];
  if (!internalIsDone(history, options)) {
    const { outcome, message } = await createInternal(client, history, options, context);
    if (outcome === 'applied') applied.push(internalVersion);
    if (outcome === 'denied') denied.push({ version: internalVersion, message });
    await recordStep(client, internalVersion, outcome, message);
  }
  denied.push(...(await applySecrets(client, history, options)));
  return { applied, denied };
}

/** Passwords and settings that differ from what was set last; on a managed server they may be somebody else's affair. */
async function applySecrets(
  client: Client,
  history: History,
  options: InitialiseOptions,
): Promise<InitialiseResult['denied']> {
  const { password, database, superuser } = options;
  const denied: InitialiseResult['denied'] = [];
  await client.pg.query('begin; set local synchronous_commit = on');
  try {
    if (password !== undefined && !(await matchesDigest(password, history.passwordDigest))) {
      for (const { role, message } of await setPasswords(client, password, superuser))
        denied.push({ version: `password/${role}`, message });
      await recordPassword(client, await secretDigest(password));
    }
    if (!settingsMatch(history, options)) await setAppSettings(client, database, options);
    await client.pg.query('commit');
  } catch (error) {
    await client.pg.query('rollback').catch(ignoreFailure);
    throw error;
  }
  return denied;
}

async function createInternal(
  client: Client,
  history: History,
  options: InitialiseOptions,
  context: StepContext,
): Promise<{ readonly outcome: Outcome; readonly message: string }> {
  if (history.hasInternalDatabase && !options.superuser) return { outcome: 'found', message: '' };
  try {
    const created = !history.hasInternalDatabase && (await createDatabase(client, internalDatabase));
    if (created) await client.pg.query(`alter database ${internalDatabase} owner to ${context.admin}`);
    const internal = await options.connect(internalDatabase);
    try {
      await createInternalSchemas(internal, context.admin);
    } finally {
      await internal.pg.end().catch(ignoreFailure);
    }
    return { outcome: created ? 'applied' : 'found', message: '' };
  } catch (error) {
    const refusal = asDatabaseError(error);
    if (options.superuser || refusal === undefined) throw error;
    return { outcome: 'denied', message: `${refusal.code}: ${refusal.message}` };
  }
}

async function isComplete(history: History, options: InitialiseOptions, context: StepContext): Promise<boolean> {
  const server = serverKey(options, context);
  return (
    internalIsDone(history, options) &&
    steps.every((step) => isDone(step, history, options.superuser, server)) &&
    settingsMatch(history, options) &&
    (options.password === undefined || (await matchesDigest(options.password, history.passwordDigest)))
  );
}

function internalIsDone(history: History, options: InitialiseOptions): boolean {
  const outcome = history.outcomes.get(internalVersion)?.outcome;
  return outcome === 'denied' ? !options.superuser : outcome !== undefined && history.hasInternalDatabase;
}

function settingsMatch(history: History, options: InitialiseOptions): boolean {
  return !options.superuser || appSettingEntries(options).every((entry) => history.settings.includes(entry));
}

/** What decides which extensions there are: tried again when it changes. */
function serverKey(options: InitialiseOptions, context: StepContext): string {
  return `${Math.floor(context.serverVersion / 10_000)}${options.ownExtensions ? ' own' : ''}`;
}
