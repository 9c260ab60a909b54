import { quoteText } from './quote.ts';

/** A column as the map draws it. */
export interface MapColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** Part of the primary key. */
  readonly key: boolean;
  /** Unique alone. */
  readonly unique: boolean;
}

/** A foreign key: columns, and what they lead to. */
export interface MapReference {
  readonly name: string;
  readonly columns: readonly string[];
  readonly schema: string;
  readonly table: string;
  readonly targets: readonly string[];
}

/** A table as the map draws it. */
export interface MapTable {
  readonly name: string;
  readonly rls: boolean;
  readonly comment: string | null;
  readonly columns: readonly MapColumn[];
  readonly references: readonly MapReference[];
}

/** As many tables are drawn at most. */
export const mapBound = 500;

/** Schemas that have tables, with how many. */
export const listMapSchemas = `select n.nspname as schema, count(*)::int as tables
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
group by 1 order by n.nspname <> 'public', 1`;

/** Tables of a schema with columns and foreign keys: rows of `MapTable`, one more than are drawn. */
export const listMap = (
  schema: string,
): string => `select c.relname as name, c.relrowsecurity as rls, obj_description(c.oid, 'pg_class') as comment,
  (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
      'key', exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey)),
      'unique', exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null and i.indkey[0] = a.attnum)) order by a.attnum), '[]')
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  (select coalesce(json_agg(json_build_object('name', k.conname, 'schema', tn.nspname, 'table', t.relname,
      'columns', (select json_agg(a.attname order by o.at) from unnest(k.conkey) with ordinality o(num, at) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.num),
      'targets', (select json_agg(a.attname order by o.at) from unnest(k.confkey) with ordinality o(num, at) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = o.num)) order by k.conname), '[]')
    from pg_constraint k join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
    where k.conrelid = c.oid and k.contype = 'f' and k.conparentid = 0) as references
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = ${quoteText(schema)} order by c.relname limit ${mapBound + 1}`;

const cell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');

/** Tables as a document: a heading and a table of columns each. */
export function mapAsMarkdown(schema: string, tables: readonly MapTable[]): string {
  const parts = tables.map(({ name, comment, columns, references }) => {
    const about = (column: MapColumn): string => {
      const leads = references
        .filter((each) => each.columns.includes(column.name))
        .map((each) => {
          const target = each.targets[each.columns.indexOf(column.name)] ?? '';
          return `→ ${each.schema === schema ? '' : `${each.schema}.`}${each.table}.${target}`;
        });
      return [column.key && 'primary key', column.unique && !column.key && 'unique', ...leads]
        .filter(Boolean)
        .join(', ');
    };
    return [
      `## ${name}`,
      '',
      ...(comment === null ? [] : [comment, '']),
      '| column | type | null | about |',
      '| --- | --- | --- | --- |',
      ...columns.map((column) =>
        `| ${cell(column.name)} | ${cell(column.type)} | ${column.nullable ? 'yes' : 'no'} | ${cell(about(column))} |`.replace(
          '|  |',
          '| |',
        ),
      ),
    ].join('\n');
  });
  return [`# ${schema}`, ...parts].join('\n\n').concat('\n');
}
