import { type PipelineStep, quoteIdentifier } from '#kernel/sql';
import { arrayLiteral } from './array-literal.ts';
import type { ColumnInfo } from './catalogue.ts';
import { comparison } from './filters.ts';

/** A condition of a page. */
export interface PageCondition {
  readonly column: ColumnInfo;
  readonly operator: string;
  readonly isNegated: boolean;
  readonly value: string;
  /** Of `in`. */
  readonly values: readonly string[];
}

/** Which rows of a table are wanted. */
export interface Page {
  readonly schema: string;
  readonly name: string;
  /** Columns of the primary key, in its order. */
  readonly key: readonly ColumnInfo[];
  /** What to give of each row. */
  readonly columns: readonly ColumnInfo[];
  readonly conditions: readonly PageCondition[];
  /** Key of the row before the page, as texts. */
  readonly after: readonly string[] | undefined;
  readonly rows: number;
  /** Bytes of JSON; the first row is given whatever its size. */
  readonly bytes: number;
}

/** What the transaction sees, and texts of values as the stream has them. */
export const snapshotStep: PipelineStep = {
  text: `select pg_current_snapshot()::text, set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
    set_config('IntervalStyle', 'postgres', true)`,
  values: [],
};

const bytea = 17;

/**
 * A page of rows in the order of their key, as JSON like that of `record`: for each the row, its key as a JSON array of texts,
 * and how many there are from the page's beginning on, of which at most one more than wished is counted.
 */
export function pageStep({ schema, name, key, columns, conditions, after, rows, bytes }: Page): PipelineStep {
  const values: string[] = [];
  const bind = (value: string): string => `$${values.push(value)}`;
  const all = conditions.map((condition) => conditionText(condition, bind));
  const order = key.map((column) => `t.${quoteIdentifier(column.name)}`);
  if (after) {
    const last = key.map(({ type }, index) => `${bind(after[index] as string)}::text::${type.sqlName}`);
    all.push(`(${order.join(', ')}) > (${last.join(', ')})`);
  }
  const shown = columns.map(({ name: column, type }) => {
    const quoted = `t.${quoteIdentifier(column)}`;
    return `${type.baseOid === bytea ? `encode(${quoted}, 'hex')` : quoted} as ${quoteIdentifier(column)}`;
  });
  const limit = bind(String(rows));
  const size = bind(String(bytes));
  return {
    text: `select r.row, r.key, r.count::text from (
  select q.*, sum(octet_length(q.row)) over (order by q.place) as size, count(*) over () as count from (
    select row_to_json((select s from (select ${shown.join(', ')}) s))::text as row,
      json_build_array(${order.map((column) => `format('%s', ${column})`).join(', ')})::text as key,
      row_number() over (order by ${order.join(', ')}) as place
    from ${quoteIdentifier(schema)}.${quoteIdentifier(name)} t
    ${all.length > 0 ? `where ${all.join(' and ')}` : ''}
    order by ${order.join(', ')} limit ${limit}::int + 1
  ) q
) r where r.place <= ${limit}::int and (r.place = 1 or r.size <= ${size}::bigint) order by r.place`,
    values,
    prepare: false,
  };
}

function conditionText(
  { column, operator, isNegated, value, values }: PageCondition,
  bind: (value: string) => string,
): string {
  const left = `t.${quoteIdentifier(column.name)}`;
  const positive =
    operator === 'is'
      ? `${left} is ${isWords[value.toLowerCase()] ?? 'null'}`
      : comparison(
          operator,
          column.type.sqlName,
          left,
          `${bind(operator === 'in' ? arrayLiteral(values) : value)}::text`,
        );
  return isNegated ? `not (${positive})` : positive;
}

const isWords: Readonly<Record<string, string>> = { null: 'null', true: 'true', false: 'false', unknown: 'unknown' };
