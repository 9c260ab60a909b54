import { useQuery } from '@tanstack/react-query';
import { studio } from '../../data/client.ts';
import { runSql } from '../../data/sql.ts';
import type { SqlNames } from '../../editor/sql-editor.tsx';

/** A kept piece of SQL. */
export interface Snippet {
  /** Folder and name, with `/` between. */
  readonly path: string;
  readonly bytes: number;
  readonly changedAt: number;
}

/** Key of the snippets among what was loaded. */
export const snippetsKey = ['snippets'];

/** All snippets. */
export const useSnippets = () =>
  useQuery({ queryKey: snippetsKey, queryFn: () => studio<readonly Snippet[]>('/snippets') });

const at = (path: string): string => `/snippet?path=${encodeURIComponent(path)}`;

/** Text of a snippet. */
export const readSnippet = async (path: string): Promise<string> => (await studio<{ sql: string }>(at(path))).sql;

/** Keeps a text under a path. */
export const writeSnippet = (path: string, sql: string): Promise<void> =>
  studio(at(path), { method: 'PUT', body: { sql } });

/** Gives a snippet another path. */
export const moveSnippet = (path: string, to: string): Promise<void> =>
  studio(at(path), { method: 'PATCH', body: { to } });

/** Removes a snippet for good. */
export const removeSnippet = (path: string): Promise<void> => studio(at(path), { method: 'DELETE' });

/** What there is to ask of the assistant. */
export const useAssistant = () =>
  useQuery({
    queryKey: ['assistant'],
    queryFn: () => studio<{ readonly model: string | null }>('/assistant'),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Asks it; nothing of what it answers is run. */
export const askAssistant = (
  question: Readonly<Record<'task' | 'prompt' | 'sql' | 'error' | 'schema', string>>,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly sql: string | null }> =>
  studio('/assistant', { method: 'POST', body: question, signal });

// Of the extensions' functions there are hundreds; those of the own schemas and the commonest built-in ones are proposed.
const listNames = `select
  (select coalesce(json_object_agg(schema, tables), '{}') from (
    select schema, json_object_agg(name, columns) as tables from (
      select n.nspname as schema, c.relname as name,
        (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum), '[]')
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
        and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
      order by n.nspname = 'public' desc, n.nspname, c.relname limit 2000) r
    group by schema) s) as tables,
  (select coalesce(json_agg(json_build_object('name', name, 'about', about)), '[]') from (
    select distinct on (p.proname) case when n.nspname in ('public', 'pg_catalog') then p.proname else n.nspname || '.' || p.proname end as name,
      left(pg_get_function_identity_arguments(p.oid), 60) as about
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public', 'auth', 'storage', 'realtime') and p.prorettype <> 'trigger'::regtype
      or n.nspname = 'pg_catalog' and p.proname ~ '^(json_(agg|build|object)|jsonb_(agg|build|each|array|object|set|path)|array_agg|string_agg|date_(trunc|part|bin)|now$|gen_random_uuid|generate_series|coalesce|format$|regexp_|row_number|rank|lag$|lead$|to_(char|tsvector|tsquery)|unnest|length|lower|upper|substring|trim|round|count$|sum$|avg$|min$|max$)'
    limit 1000) f) as functions`;

/** What the database has, for completion and for the assistant. */
export const useNames = () =>
  useQuery({
    queryKey: ['sql-names'],
    queryFn: async ({ signal }) => (await runSql<{ [K in keyof SqlNames]: SqlNames[K] }>(listNames, signal))[0],
    staleTime: 60_000,
  });

/** Schemas that are the stack's own; of interest for the assistant only in part. */
const inner =
  /^(auth|storage|realtime|supabase_functions|supabase_migrations|graphql|graphql_public|vault|extensions|pgbouncer|net|cron|pgmq|_.*)$/;

/** The database's tables in words, the own ones first. */
export function describeNames(names: SqlNames | undefined): string {
  const schemas = Object.entries(names?.tables ?? {}).filter(([schema]) => !/^_/.test(schema));
  schemas.sort(([a], [b]) => Number(inner.test(a)) - Number(inner.test(b)));
  return schemas
    .flatMap(([schema, tables]) =>
      Object.entries(tables).map(
        ([table, columns]) => `${schema}.${table}(${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`,
      ),
    )
    .join('\n');
}
