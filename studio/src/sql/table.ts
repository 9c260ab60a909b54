import { quoteQualified, quoteText } from './quote.ts';

/** A table, view or the like, as lists show it. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view' | 'materialized view' | 'foreign table';
  readonly rls: boolean;
  readonly realtime: boolean;
  /** Rows as of the last ANALYZE; -1 before the first. */
  readonly estimate: number;
  readonly comment: string | null;
}

/** A column with what editing it takes. */
export interface Column {
  readonly name: string;
  /** As SQL writes it, e.g. `numeric(10,2)`. */
  readonly type: string;
  /** PostgreSQL's category of types: `B` boolean, `N` numeric, `D` dates, `A` arrays, `E` enums, `U` among others JSON … */
  readonly category: string;
  readonly nullable: boolean;
  /** Values come from the database alone. */
  readonly generated: boolean;
  readonly default: string | null;
  /** Labels of an enum. */
  readonly labels: readonly string[] | null;
  /** Place in the primary key, from 1; null: no part of it. */
  readonly key: number | null;
  /** What a value points at, where it alone does. */
  readonly reference?: Reference | null;
  /** True: counted up by the database unless given. */
  readonly identity?: boolean;
  readonly comment?: string | null;
}

/** A column that another one points at. */
export interface Reference {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** All relations but the system's own, by schema and name. */
export const listRelations = `select n.nspname as schema, c.relname as name,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind,
  c.relrowsecurity as rls, c.reltuples::float8 as estimate, obj_description(c.oid, 'pg_class') as comment,
  exists (select 1 from pg_publication p join pg_publication_rel r on r.prpubid = p.oid
    where p.pubname = 'supabase_realtime' and r.prrelid = c.oid) as realtime
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
order by n.nspname, c.relname`;

/** Columns of a relation in order. */
export const listColumns = (schema: string, name: string): string => `select a.attname as name,
  format_type(a.atttypid, a.atttypmod) as type, t.typcategory as category, not a.attnotnull as nullable,
  a.attidentity = 'a' or a.attgenerated <> '' as generated, pg_get_expr(d.adbin, d.adrelid) as default,
  (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
  array_position(i.indkey::int2[], a.attnum) + 1 as key, a.attidentity <> '' as identity,
  col_description(a.attrelid, a.attnum) as comment,
  (select json_build_object('schema', fn.nspname, 'table', fc.relname, 'column', fa.attname)
    from pg_constraint f join pg_class fc on fc.oid = f.confrelid join pg_namespace fn on fn.oid = fc.relnamespace
    join pg_attribute fa on fa.attrelid = f.confrelid and fa.attnum = f.confkey[1]
    where f.contype = 'f' and f.conrelid = a.attrelid and f.conkey = array[a.attnum] order by f.oid limit 1) as reference
from pg_attribute a join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = ${quoteText(quoteQualified(schema, name))}::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

/** Columns of the primary key in its order; empty: there is none, and rows cannot be told apart. */
export const keyOf = (columns: readonly Column[]): readonly Column[] =>
  columns.filter(({ key }) => key !== null).sort((a, b) => (a.key as number) - (b.key as number));
