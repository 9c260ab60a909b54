import { type PipelineStep, quoteIdentifier } from '#kernel/sql';
import { arrayLiteral } from './array-literal.ts';

/** A table's key, as a check needs it. */
export interface KeyedTable {
  readonly schema: string;
  readonly name: string;
  readonly key: readonly { readonly name: string; readonly sqlName: string }[];
}

/**
 * Takes a role's and a token's place for the rest of the transaction. The path is the one of requests, for functions that
 * name tables without a schema.
 */
export function becomeStep(role: string, claims: string): PipelineStep {
  return {
    text: `select set_config('role', $1, true), set_config('request.jwt.claims', $2, true),
      set_config('search_path', '"$user", public, extensions', true), set_config('statement_timeout', '10s', true)`,
    values: [role, claims],
  };
}

/** Takes another token's place under the same role. */
export function claimsStep(claims: string): PipelineStep {
  return { text: "select set_config('request.jwt.claims', $1, true)", values: [claims] };
}

/**
 * Which of the rows with these keys are visible now: one statement, so one run of the executor, for one token. Never more than
 * one: `(select auth.uid())` is evaluated once in a statement, and would let the others see through the first one's eyes.
 *
 * @param keys values of the key's columns, each as text
 * @returns a step that gives one value, the places of visible rows from 1 on, comma-separated
 */
export function visibleStep(table: KeyedTable, keys: readonly (readonly string[])[]): PipelineStep {
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  const values = table.key.map((_, index) => arrayLiteral(keys.map((key) => key[index] as string)));
  const [first] = table.key;
  if (first && table.key.length === 1) return { text: visibleByColumn(name, first), values };
  const columns = table.key.map((_, index) => `k${index}`);
  const arrays = table.key.map(({ sqlName }, index) => `$${index + 1}::${sqlName}[]`);
  const equal = table.key.map((column, index) => `t.${quoteIdentifier(column.name)} = k.k${index}`);
  return {
    text: `select string_agg(k.place::text, ',') from unnest(${arrays.join(', ')}) with ordinality as k(${columns.join(', ')}, place)
      where exists (select from ${name} t where ${equal.join(' and ')})`,
    values,
  };
}

/** One walk through the key's index, whatever the planner thinks of the table, and the policy once for each row. */
function visibleByColumn(table: string, { name, sqlName }: KeyedTable['key'][number]): string {
  return `with seen as materialized (select t.${quoteIdentifier(name)} as key from ${table} t
      where t.${quoteIdentifier(name)} = any($1::${sqlName}[]))
    select string_agg(k.place::text, ',') from unnest($1::${sqlName}[]) with ordinality as k(key, place)
    join seen on seen.key = k.key`;
}

/** Reads the value of `visibleStep`: indexes from 0 on. */
export const readVisible = (value: string | null | undefined): number[] =>
  value ? value.split(',').map((place) => Number(place) - 1) : [];
