import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import type { RoleSettings, Routine, SchemaCache } from '../cache/model.ts';
import type { Statement } from '../compile/parameters.ts';
import type { RestConfig } from '../config.ts';
import type { Caller } from './authenticate.ts';

/** What a transaction tells the database of its request. */
export interface SessionFacts {
  readonly caller: Caller;
  readonly schema: string;
  readonly method: string;
  readonly path: string;
  readonly headers: string;
  readonly cookies: string;
  readonly timezone: string | undefined;
  readonly routine: Routine | undefined;
}

const noSettings: RoleSettings = { isolation: undefined, settings: [] };

/**
 * The statement that puts a session into the caller's place. Settings of the role come before the role itself, so that
 * the privileges of the one we connect as decide; settings of a function come last (PostgREST 14 docs, "Transactions").
 */
export function settingsStatement(
  facts: SessionFacts,
  readOnly: boolean,
  cache: SchemaCache,
  config: RestConfig,
): Statement {
  const { caller, routine } = facts;
  let calls = '';
  const values: string[] = [];
  const set = (name: string, value: string): void => {
    calls += `${values.length === 0 ? '' : ', '}set_config(${name}, $${values.push(value)}, true)`;
  };
  set(`'search_path'`, searchPath(facts.schema, config.extraSearchPath));
  if (config.statementTimeout !== undefined) set(`'statement_timeout'`, String(config.statementTimeout));
  for (const [name, value] of (cache.roles.get(caller.role) ?? noSettings).settings) set(quoteLiteral(name), value);
  set(`'role'`, caller.role);
  set(`'request.jwt.claims'`, caller.claims);
  set(`'request.method'`, facts.method);
  set(`'request.path'`, facts.path);
  set(`'request.headers'`, facts.headers);
  set(`'request.cookies'`, facts.cookies);
  if (facts.timezone !== undefined) set(`'timezone'`, facts.timezone);
  if (routine !== undefined) for (const [name, value] of routine.hoisted) set(quoteLiteral(name), value);
  for (const [name, value] of config.appSettings) set(quoteLiteral(name), value);
  if (readOnly) calls += `, set_config('transaction_read_only', 'on', true)`;
  // One number comes back instead of all the values.
  return { text: `SELECT pg_catalog.num_nulls(${calls})`, values };
}

function searchPath(schema: string, extra: readonly string[]): string {
  let path = quoteIdentifier(schema);
  for (const name of extra) path += `, ${quoteIdentifier(name)}`;
  return path;
}

// The others are what a session has anyway.
const isolationLevels: ReadonlySet<string> = new Set(['serializable', 'repeatable read']);

/** The opening statement where the function or the role asks for an isolation of its own. */
export function beginStatement(role: string, routine: Routine | undefined, cache: SchemaCache): string | undefined {
  const level = (routine?.isolation ?? cache.roles.get(role)?.isolation)?.toLowerCase();
  return level !== undefined && isolationLevels.has(level) ? `begin isolation level ${level}` : undefined;
}
