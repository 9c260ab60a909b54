import type { Database, QueryResult } from '#kernel/sql';
import { arrayLiteral } from './array-literal.ts';

/** SQL operators by the names that filters have for them. */
const operators: Readonly<Record<string, string>> = {
  eq: '=',
  neq: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  like: '~~',
  ilike: '~~*',
  match: '~',
  imatch: '~*',
  isdistinct: 'is distinct from',
};

/** A comparison as SQL. @param type ready to be written into a statement; `left` and `right` as well */
export function comparison(operator: string, type: string, left: string, right: string): string {
  if (operator === 'in') return `${left}::${type} = any (${right}::text::${type}[])`;
  return `${left}::${type} ${operators[operator]} ${right}::${type}`;
}

/** Runs a statement with the formats that values have in the stream. @param role whose statement it is; default the session's */
export function inStreamFormat<Row>(
  db: Database,
  text: string,
  values: readonly unknown[],
  role?: string,
): Promise<QueryResult<Row>> {
  return db.transaction(async (transaction) => {
    if (role !== undefined) await transaction.query("select set_config('role', $1, true)", [role]);
    await transaction.query(
      "select set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true)",
    );
    return transaction.query<Row>(text, values);
  });
}

/** One comparison that only the database can make. */
export interface Comparison {
  readonly operator: string;
  /** Name of the column's type for statements. */
  readonly type: string;
  readonly left: string | null;
  /** For `in` the text form of an array. */
  readonly right: string;
}

/**
 * Makes comparisons; a statement for each type and operator, since no role's rights are involved.
 *
 * @returns true, false, or null for SQL's unknown, in their order
 */
export async function compareAll(db: Database, all: readonly Comparison[]): Promise<(boolean | null)[]> {
  const groups = new Map<string, number[]>();
  for (const [index, { operator, type }] of all.entries()) {
    const key = `${operator} ${type}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(index);
  }
  const results: (boolean | null)[] = all.map(() => null);
  for (const indexes of groups.values()) {
    const { operator, type } = all[indexes[0] as number] as Comparison;
    const { rows } = await inStreamFormat<{ truth: boolean | null }>(
      db,
      `select ${comparison(operator, type, 'v.a', 'v.b')} as truth
       from unnest($1::text[], $2::text[]) with ordinality as v(a, b, place) order by v.place`,
      [indexes.map((index) => all[index]?.left), indexes.map((index) => all[index]?.right)],
    );
    for (const [at, index] of indexes.entries()) results[index] = rows[at]?.truth ?? null;
  }
  return results;
}

/**
 * The values of a filter's term as the column's type writes them.
 *
 * @throws the database's error when one is none of the type, or the type knows no such operator
 */
export async function canonicalValues(
  db: Database,
  operator: string,
  type: string,
  values: readonly string[],
): Promise<(string | null)[]> {
  const isPattern = ['like', 'ilike', 'match', 'imatch'].includes(operator);
  const right = operator === 'in' ? arrayLiteral(values) : (values[0] ?? '');
  // `format` uses the type's own output, as the stream does: a cast to text writes `true` for `t`.
  // Making the comparison once finds out whether there is such an operator, and compiles patterns.
  const probe = isPattern ? "''" : 'null';
  const { rows } = await inStreamFormat<{ values: (string | null)[] }>(
    db,
    `select array(select format('%s', v::${isPattern ? 'text' : type}) from unnest($2::text[]) with ordinality u(v, place) order by place) as values,
       ${comparison(operator, type, `${probe}::text`, '$1::text')} as probe`,
    [right, values],
  );
  return rows[0]?.values ?? [];
}

/** `to_jsonb` of values whose text form says too little, in their order. */
export async function jsonOf(
  db: Database,
  values: readonly { readonly type: string; readonly text: string }[],
): Promise<string[]> {
  const types = [...new Set(values.map(({ type }) => type))];
  const results: string[] = values.map(() => 'null');
  for (const type of types) {
    const indexes = values.flatMap((value, index) => (value.type === type ? [index] : []));
    const { rows } = await inStreamFormat<{ json: string | null }>(
      db,
      `select to_jsonb(v.text::${type})::text as json from unnest($1::text[]) with ordinality as v(text, place) order by v.place`,
      [indexes.map((index) => values[index]?.text)],
    );
    for (const [at, index] of indexes.entries()) results[index] = rows[at]?.json ?? 'null';
  }
  return results;
}
