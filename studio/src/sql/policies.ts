import { quoteName, quoteQualified, quoteText } from './quote.ts';

/** What a policy is about. */
export const policyCommands = ['all', 'select', 'insert', 'update', 'delete'] as const;

/** One of these. */
export type PolicyCommand = (typeof policyCommands)[number];

/** A policy as it is written. */
export interface PolicyDraft {
  readonly name: string;
  readonly command: PolicyCommand;
  readonly permissive: boolean;
  /** Names of roles; `public` is everybody. */
  readonly roles: readonly string[];
  /** Rows that are there for it; empty: none is named. */
  readonly using: string;
  /** What new rows have to be; empty: the same as `using`, where that counts. */
  readonly check: string;
}

/** A policy of a table. */
export interface Policy extends PolicyDraft {
  readonly schema: string;
  readonly table: string;
}

/** A table with what guards it. */
export interface GuardedTable {
  readonly schema: string;
  readonly name: string;
  readonly rls: boolean;
  /** Roles of clients that may do something with it at all. */
  readonly open: boolean;
}

/** Tables that clients could reach, with storage's objects among them. */
export const listGuardedTables = `select n.nspname as schema, c.relname as name, c.relrowsecurity as rls,
  has_any_column_privilege('anon', c.oid, 'select,insert,update') or has_table_privilege('anon', c.oid, 'delete')
  or has_any_column_privilege('authenticated', c.oid, 'select,insert,update') or has_table_privilege('authenticated', c.oid, 'delete') as open
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
  and (n.nspname not in ('pg_catalog', 'information_schema', 'auth', 'vault', 'realtime', '_realtime', '_pmoves', '_analytics', '_supavisor',
    'cron', 'net', 'pgsodium', 'extensions', 'supabase_functions', 'supabase_migrations', 'graphql', 'graphql_public', 'pgmq', 'storage')
    or (n.nspname, c.relname) in (('storage', 'objects'), ('storage', 'buckets'), ('realtime', 'messages')))
  and n.nspname !~ '^pg_'
order by n.nspname = 'public' desc, n.nspname, c.relname`;

/** All policies of all tables. */
export const listPolicies = `select p.schemaname as schema, p.tablename as table, p.policyname as name, lower(p.cmd) as command,
  p.permissive = 'PERMISSIVE' as permissive, to_json(p.roles::text[]) as roles, coalesce(p.qual, '') as using, coalesce(p.with_check, '') as check
from pg_policies p order by p.schemaname, p.tablename, p.policyname`;

/** Which of the two expressions a command has (CREATE POLICY, table "Policies Applied by Command Type"). */
export const expressionsOf = (command: PolicyCommand): { readonly using: boolean; readonly check: boolean } => ({
  using: command !== 'insert',
  check: command !== 'select' && command !== 'delete',
});

/** Makes a policy. Expressions are SQL of the operator's own, and go in as they are. */
export function createPolicy(schema: string, table: string, policy: PolicyDraft): string {
  const has = expressionsOf(policy.command);
  const roles = policy.roles.map((role) => (role === 'public' ? 'public' : quoteName(role)));
  return [
    `create policy ${quoteName(policy.name)} on ${quoteQualified(schema, table)}`,
    `  as ${policy.permissive ? 'permissive' : 'restrictive'} for ${policy.command} to ${roles.length > 0 ? roles.join(', ') : 'public'}`,
    ...(has.using && policy.using.trim() !== '' ? [`  using (${policy.using.trim()}\n  )`] : []),
    ...(has.check && policy.check.trim() !== '' ? [`  with check (${policy.check.trim()}\n  )`] : []),
  ]
    .join('\n')
    .concat(';');
}

/** Takes a policy away. */
export const dropPolicy = ({ schema, table, name }: Pick<Policy, 'schema' | 'table' | 'name'>): string =>
  `drop policy ${quoteName(name)} on ${quoteQualified(schema, table)};`;

/** Puts another policy in the place of one; sent together they are one transaction. */
export const replacePolicy = (before: Policy, after: PolicyDraft): string =>
  `${dropPolicy(before)}\n${createPolicy(before.schema, before.table, after)}`;

/** Switches row level security on or off. */
export const setRowSecurity = (schema: string, table: string, on: boolean): string =>
  `alter table ${quoteQualified(schema, table)} ${on ? 'enable' : 'disable'} row level security;`;

/** Columns of a table by name. */
export const listColumnNames = (schema: string, table: string): string =>
  `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
where attrelid = ${quoteText(quoteQualified(schema, table))}::regclass and attnum > 0 and not attisdropped order by attnum`;
