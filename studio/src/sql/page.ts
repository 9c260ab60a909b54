import { filterSql, type Sort, type View } from './filter.ts';
import { quoteName, quoteQualified, quoteText } from './quote.ts';
import { type Column, keyOf } from './table.ts';

/** Characters of a value that the grid shows; one more is asked for, to know that there are more. */
export const shownLength = 400;

/** Where rows come from, and which. */
export interface PageOf {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly view: View;
}

/** A row of the grid: texts as PostgreSQL writes them, null for NULL. */
export interface GridRow {
  /** Values of the primary key; empty without one. */
  readonly key: readonly string[];
  /** By the table's columns; cut after `shownLength` characters. */
  readonly cells: readonly (string | null)[];
  /** Values of the order, to go on from. */
  readonly order: readonly (string | null)[];
}

/** Where the next page begins: after a row, or after so many rows where they cannot be told apart. */
export type Cursor = { readonly after: readonly (string | null)[] } | { readonly skip: number };

interface Ordered {
  readonly column: Column;
  readonly descending: boolean;
}

/** The order in force: as asked for, made total by the primary key. */
export function orderOf({ columns, view }: Pick<PageOf, 'columns' | 'view'>): readonly Ordered[] {
  const asked = view.sorts.flatMap(({ column, descending }: Sort) => {
    const known = columns.find(({ name }) => name === column);
    return known ? [{ column: known, descending }] : [];
  });
  const named = new Set(asked.map(({ column }) => column.name));
  const rest = keyOf(columns).filter(({ name }) => !named.has(name));
  return [...asked, ...rest.map((column) => ({ column, descending: false }))];
}

/**
 * One page of rows. With a primary key it begins after a row, so that far pages cost no more than near ones.
 *
 * @param cut false: whole values, however long
 */
export function selectPage(page: PageOf, cursor: Cursor | undefined, limit: number, cut = true): string {
  const { schema, name, columns } = page;
  const order = orderOf(page);
  const fields = [
    ...columns.map(({ name: column }, at) => {
      const text = `${quoteName(column)}::text`;
      return `${cut ? `left(${text}, ${shownLength + 1})` : text} as "c${at}"`;
    }),
    ...keyOf(columns).map((column, at) => `${quoteName(column.name)}::text as "k${at}"`),
    ...order.map(({ column }, at) => `${quoteName(column.name)}::text as "o${at}"`),
  ];
  const conditions = [...conditionsOf(page), ...(cursor && 'after' in cursor ? [afterSql(order, cursor.after)] : [])];
  return [
    `select ${fields.join(', ') || '1'} from ${quoteQualified(schema, name)}`,
    conditions.length > 0 && `where ${conditions.join(' and ')}`,
    order.length > 0 && `order by ${order.map(orderSql).join(', ')}`,
    `limit ${limit}`,
    cursor && 'skip' in cursor && `offset ${cursor.skip}`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** The row of a primary key, whole: texts by column. */
export function wholeRow(
  { schema, name, columns }: Pick<PageOf, 'schema' | 'name' | 'columns'>,
  key: readonly string[],
): string {
  const fields = columns.map(({ name: column }) => `${quoteName(column)}::text as ${quoteName(column)}`);
  const conditions = keyOf(columns).map(
    (column, at) => `${quoteName(column.name)} = ${quoteText(key[at] ?? '')}::${column.type}`,
  );
  return `select ${fields.join(', ')} from ${quoteQualified(schema, name)} where ${conditions.join(' and ')}`;
}

/** Rows that are asked for whole at once, at most. */
export const wholeAtOnce = 500;

/** Whole texts of some columns for rows by their primary keys, as `c0` … in the order of `columns`, with the key as `k0` …. */
export function wholeCells(
  { schema, name, columns }: Pick<PageOf, 'schema' | 'name' | 'columns'>,
  keys: readonly (readonly string[])[],
  wanted: readonly Column[],
): string {
  const parts = keyOf(columns);
  const fields = [
    ...wanted.map((column, at) => `${quoteName(column.name)}::text as "c${at}"`),
    ...parts.map((column, at) => `${quoteName(column.name)}::text as "k${at}"`),
  ];
  const tuple = (key: readonly string[]) =>
    `(${parts.map(({ type }, at) => `${quoteText(key[at] ?? '')}::${type}`).join(', ')})`;
  return `select ${fields.join(', ')} from ${quoteQualified(schema, name)}
where (${parts.map((column) => quoteName(column.name)).join(', ')}) in (${keys.map(tuple).join(', ')})`;
}

/** Counts what is shown, up to a bound. */
export const countRows = (page: PageOf, most: number): string => {
  const conditions = conditionsOf(page);
  const where = conditions.length > 0 ? ` where ${conditions.join(' and ')}` : '';
  return `select count(*)::float8 as count from (select 1 from ${quoteQualified(page.schema, page.name)}${where} limit ${most + 1}) s`;
};

/** Reads a row of `selectPage`. */
export function readRow(row: Readonly<Record<string, unknown>>, page: PageOf): GridRow {
  const text = (name: string): string | null => (row[name] ?? null) as string | null;
  return {
    key: keyOf(page.columns).map((_, at) => text(`k${at}`) ?? ''),
    cells: page.columns.map((_, at) => text(`c${at}`)),
    order: orderOf(page).map((_, at) => text(`o${at}`)),
  };
}

/** Where to go on after these rows. */
export function nextCursor(page: PageOf, rows: readonly GridRow[], seen: number): Cursor {
  const last = rows.at(-1);
  return keyOf(page.columns).length > 0 && last ? { after: last.order } : { skip: seen };
}

const conditionsOf = ({ view, columns }: PageOf): string[] =>
  view.filters.flatMap((filter) => filterSql(filter, columns) ?? []);

// NULLs are last in both directions; where there are none, an index of either direction serves.
const orderSql = ({ column, descending }: Ordered): string =>
  `${quoteName(column.name)}${descending ? ' desc' : ''}${descending && column.nullable ? ' nulls last' : ''}`;

/** Whether a row comes after given values in an order. */
function afterSql(order: readonly Ordered[], values: readonly (string | null)[]): string {
  const literal = ({ column }: Ordered, at: number): string =>
    values[at] === null || values[at] === undefined ? 'null' : `${quoteText(values[at])}::${column.type}`;
  if (order.every(({ descending, column }) => !descending && !column.nullable))
    return `(${order.map(({ column }) => quoteName(column.name)).join(', ')}) > (${order.map(literal).join(', ')})`;
  const ways = order.flatMap((entry, at) => {
    const { column, descending } = entry;
    // Nothing comes after NULL.
    if (values[at] === null || values[at] === undefined) return [];
    const name = quoteName(column.name);
    const beyond = `${name} ${descending ? '<' : '>'} ${literal(entry, at)}`;
    const same = order
      .slice(0, at)
      .map((earlier, index) => `${quoteName(earlier.column.name)} is not distinct from ${literal(earlier, index)}`);
    return [[...same, column.nullable ? `(${beyond} or ${name} is null)` : beyond].join(' and ')];
  });
  return ways.length === 0 ? 'false' : `(${ways.map((way) => `(${way})`).join(' or ')})`;
}
