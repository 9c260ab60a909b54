import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Step } from '../step.ts';
import { cronGrants, netGrants } from './extension-grants.ts';

/** One of our SQL-only extensions that also works without being one. */
interface PlainSchema {
  readonly extension: string;
  readonly schema: string;
  /** Files below `extensions/extension`, in the order they are run. */
  readonly scripts: readonly string[];
  /** SQL condition: its objects are there. */
  readonly present: string;
  /** Something of an earlier extension without which the scripts cannot run. */
  readonly needs?: string;
  /** What the event trigger of `CREATE EXTENSION` does elsewhere. */
  readonly grants?: string;
}

/** The vault's key and the libraries that `vector` computes with lie beside the server, so these two are not here. */
const plainSchemas: readonly PlainSchema[] = [
  {
    extension: 'pg_net',
    schema: 'net',
    scripts: ['pg_net--0.14.0+sql', 'pg_net--0.14.0+sql--0.14.0+sql2'],
    present: `to_regclass('net.http_request_queue') is not null`,
    grants: netGrants,
  },
  {
    extension: 'pg_cron',
    schema: 'cron',
    scripts: ['pg_cron--1.6.4+sql', 'pg_cron--1.6.4+sql--1.6.4+sql2'],
    present: `to_regnamespace('cron') is not null`,
    grants: cronGrants,
  },
  {
    extension: 'pgmq',
    schema: 'pgmq',
    scripts: ['pgmq--1.5.1+sql', 'pgmq--1.5.1+sql--1.5.1+sql2'],
    present: `to_regnamespace('pgmq') is not null`,
  },
  {
    extension: 'pgjwt',
    schema: 'extensions',
    scripts: ['pgjwt--0.2.0+sql'],
    present: `to_regprocedure('extensions.algorithm_sign(text, text, text)') is not null`,
    needs: 'extensions.hmac(text, text, text)',
  },
  {
    extension: 'index_advisor',
    schema: 'extensions',
    scripts: ['index_advisor--0.2.0+sql'],
    present: `to_regprocedure('extensions.index_advisor(text)') is not null`,
  },
];

/** Scripts that make their schema themselves. */
const makesSchema = new Set(['pg_net', 'pg_cron']);

// The same number of steps up from the sources and from the compiled files.
const folder = new URL('../../../../../extensions/extension/', import.meta.url);

function scriptText(name: string): string {
  const text = readFileSync(fileURLToPath(new URL(`${name}.sql`, folder)), 'utf8');
  // A dump holds the tables of a plain schema anyway.
  return text.replace(/^select pg_extension_config_dump\(.*\);$/gm, '');
}

function statements({ extension, schema, scripts, needs, grants }: PlainSchema, superuser: boolean): string {
  const body = [
    ...(makesSchema.has(extension) ? [] : [`create schema if not exists ${schema};`]),
    `set local search_path = ${schema}, public;`,
    ...scripts.map(scriptText),
    // Where the owner is the role that the grants are for, it has the rights, and must keep them.
    ...(grants && superuser ? [grants] : []),
    'set local search_path to default;',
  ].join('\n');
  if (needs === undefined) return body;
  return `do $plain$ begin if to_regprocedure('${needs}') is not null then execute $script$${body}$script$; end if; end $plain$`;
}

/**
 * Our SQL-only extensions as plain schemas, for servers beside which no extension files can be laid. Where the server has an
 * extension of the name, ours or the original, nothing is made: `CREATE EXTENSION` is for that.
 */
export const plainSchemaSteps: readonly Step[] = plainSchemas.map((plain) => ({
  version: `plain-schema/${plain.extension}`,
  unless: `exists (select from pg_available_extensions where name = '${plain.extension}') or ${plain.present}`,
  sql: ({ superuser }) => statements(plain, superuser),
}));
