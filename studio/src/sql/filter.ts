import { quoteName, quoteText } from './quote.ts';
import type { Column } from './table.ts';

/** What a filter can ask of a column, with what people read. */
export const operators = {
  eq: 'is',
  neq: 'is not',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  contains: 'contains',
  in: 'is one of',
  null: 'is null',
  notnull: 'is not null',
} as const;

/** One of them. */
export type Operator = keyof typeof operators;

/** A condition on one column. */
export interface Filter {
  readonly column: string;
  readonly operator: Operator;
  /** Without meaning for `null` and `notnull`; comma-separated for `in`. */
  readonly value: string;
}

/** An order of rows by one column. */
export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

/** What of a table is shown. */
export interface View {
  readonly filters: readonly Filter[];
  readonly sorts: readonly Sort[];
}

const escapeColumn = (name: string): string => encodeURIComponent(name).replaceAll('.', '%2E');

/** The view as the query of an address: `filter=<column>.<operator>.<value>`, `sort=<column>.<asc|desc>`, repeated. */
export function writeView({ filters, sorts }: View): string {
  const query = new URLSearchParams();
  for (const { column, operator, value } of filters)
    query.append('filter', `${escapeColumn(column)}.${operator}.${value}`);
  for (const { column, descending } of sorts)
    query.append('sort', `${escapeColumn(column)}.${descending ? 'desc' : 'asc'}`);
  return query.toString();
}

/** Reads it back; what is not understood is left out. */
export function readView(search: string): View {
  const query = new URLSearchParams(search);
  const filters = query.getAll('filter').flatMap((text) => {
    const [column, operator, ...value] = text.split('.');
    const name = unescapeColumn(column);
    if (name === undefined || operator === undefined || !Object.hasOwn(operators, operator)) return [];
    return [{ column: name, operator: operator as Operator, value: value.join('.') }];
  });
  const sorts = query.getAll('sort').flatMap((text) => {
    const [column, direction, ...rest] = text.split('.');
    const name = unescapeColumn(column);
    if (name === undefined || rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) return [];
    return [{ column: name, descending: direction === 'desc' }];
  });
  return { filters, sorts };
}

function unescapeColumn(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === '' ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const comparisons = { eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** The condition in SQL; undefined where the table has no such column. */
export function filterSql({ column, operator, value }: Filter, columns: readonly Column[]): string | undefined {
  const known = columns.find(({ name }) => name === column);
  if (!known) return undefined;
  const name = quoteName(column);
  const literal = (text: string) => `${quoteText(text)}::${known.type}`;
  switch (operator) {
    case 'null':
      return `${name} is null`;
    case 'notnull':
      return `${name} is not null`;
    case 'contains':
      return `${name}::text ilike ${quoteText(`%${value.replace(/[\\%_]/g, '\\$&')}%`)}`;
    case 'in':
      return `${name} in (${value
        .split(',')
        .map((part) => literal(part.trim()))
        .join(', ')})`;
    default:
      return `${name} ${comparisons[operator]} ${literal(value)}`;
  }
}
