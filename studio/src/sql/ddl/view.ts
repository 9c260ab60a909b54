import { quoteName, quoteQualified, quoteText } from '../quote.ts';

/** A view as somebody wants it. */
export interface ViewDraft {
  readonly schema: string;
  readonly name: string;
  /** True: its rows are kept, as of the last refresh. */
  readonly materialized: boolean;
  /** A query of SQL. */
  readonly query: string;
  /** True: rows are read with the rights of who asks, so that their policies count; false: with the owner's. */
  readonly invoker: boolean;
  /** Further options as pg_class keeps them, `name=value`. */
  readonly options: readonly string[];
  readonly comment: string;
}

/** A view to begin with: one that leaves policies in force. */
export const newView = (schema: string): ViewDraft => ({
  schema,
  name: '',
  materialized: false,
  query: '',
  invoker: true,
  options: [],
  comment: '',
});

/** Asks for one view: a row of `ViewDraft`. */
export const describeView = (schema: string, name: string): string =>
  `select n.nspname as schema, c.relname as name, c.relkind = 'm' as materialized, rtrim(pg_get_viewdef(c.oid, true), '; ') as query,
  coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
  coalesce((select o.option_value::boolean from pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'), false) as invoker,
  (select coalesce(json_agg(o), '[]') from unnest(c.reloptions) o where o !~ '^security_invoker=') as options
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = ${quoteText(quoteQualified(schema, name))}::regclass`;

/** What is wrong with it, in words; undefined: nothing. */
export function viewProblem({ name, query }: ViewDraft): string | undefined {
  if (name.trim() === '') return 'A view has a name';
  return query.trim() === '' ? 'A view has a query' : undefined;
}

const noun = ({ materialized }: Pick<ViewDraft, 'materialized'>): string =>
  materialized ? 'materialized view' : 'view';

/** Statements that make the view, or one of another, in one transaction; empty: they are alike. The query of a materialized one stays. */
export function viewSql(before: ViewDraft | undefined, after: ViewDraft): string {
  const view = quoteQualified(after.schema, after.name);
  const query = after.query.trim().replace(/;$/, '');
  // A view that is replaced has the options that are said, and no others.
  const options = [`security_invoker=${after.invoker ? 'on' : 'off'}`, ...after.options].map((option) => {
    const at = option.indexOf('=');
    return at < 0 ? quoteName(option) : `${quoteName(option.slice(0, at))} = ${quoteText(option.slice(at + 1))}`;
  });
  return [
    before &&
      before.name !== after.name &&
      `alter ${noun(before)} ${quoteQualified(before.schema, before.name)} rename to ${quoteName(after.name)};`,
    after.materialized
      ? !before && `create materialized view ${view} as\n${query};`
      : (!before || before.query.trim() !== after.query.trim() || before.invoker !== after.invoker) &&
        `create or replace view ${view} with (${options.join(', ')}) as\n${query};`,
    (before?.comment ?? '') !== after.comment &&
      `comment on ${noun(after)} ${view} is ${after.comment === '' ? 'null' : quoteText(after.comment)};`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** Fills a materialized view anew. @param concurrently readers go on; it takes a unique index */
export const refreshSql = (schema: string, name: string, concurrently: boolean): string =>
  `refresh materialized view ${concurrently ? 'concurrently ' : ''}${quoteQualified(schema, name)};`;

/** Whether a materialized view can be filled while it is read: `ready`. */
export const canRefreshConcurrently = (schema: string, name: string): string =>
  `select exists (select from pg_index i where i.indrelid = ${quoteText(quoteQualified(schema, name))}::regclass and i.indisunique
  and i.indisvalid and i.indpred is null and i.indexprs is null) and (select relispopulated from pg_class where oid = ${quoteText(quoteQualified(schema, name))}::regclass) as ready`;

/** Drops a table or view. @param kind as lists call it */
export const dropRelationSql = (kind: string, schema: string, name: string, cascade: boolean): string =>
  `drop ${kind === 'partitioned table' ? 'table' : kind} ${quoteQualified(schema, name)}${cascade ? ' cascade' : ''};`;
