import { quoteIdentifier } from '#kernel/sql';
import type { CompareOperator, FullTextOperator, IsValue, Operation } from '../grammar/tree.ts';
import type { Condition, EmbedPlan } from '../plan/read-plan.ts';
import { fieldSql } from './fields.ts';
import type { Parameters } from './parameters.ts';

/** How the emptiness of an embed is said: by its lateral subquery, or where there is none, by `EXISTS`. */
export type EmbedTest = (embed: EmbedPlan, isNull: boolean) => string;

type Filter = Condition & { kind: 'filter' };

const compareOperators: Readonly<Record<CompareOperator, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'LIKE',
  ilike: 'ILIKE',
  match: '~',
  imatch: '~*',
  cs: '@>',
  cd: '<@',
  ov: '&&',
  sl: '<<',
  sr: '>>',
  nxr: '&<',
  nxl: '&>',
  adj: '-|-',
};

const queryFunctions: Readonly<Record<FullTextOperator, string>> = {
  fts: 'to_tsquery',
  plfts: 'plainto_tsquery',
  phfts: 'phraseto_tsquery',
  wfts: 'websearch_to_tsquery',
};

const isWords: Readonly<Record<IsValue, string>> = {
  null: 'IS NULL',
  not_null: 'IS NOT NULL',
  true: 'IS TRUE',
  false: 'IS FALSE',
  unknown: 'IS UNKNOWN',
};

/** Conditions that all have to hold, with `WHERE` in front; nothing for none. */
export const whereSql = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;

/** One condition as SQL. */
export function conditionSql(condition: Condition, qualifier: string, parameters: Parameters, test: EmbedTest): string {
  switch (condition.kind) {
    case 'filter':
      return filterSql(condition, qualifier, parameters);
    case 'embed-null':
      return test(condition.embed, condition.isNull);
    case 'group': {
      const parts = condition.children.map((child) => conditionSql(child, qualifier, parameters, test));
      return `${condition.negated ? 'NOT ' : ''}(${parts.join(condition.operator === 'and' ? ' AND ' : ' OR ')})`;
    }
  }
}

function filterSql(filter: Filter, qualifier: string, parameters: Parameters): string {
  const left = fieldSql(qualifier, filter.field, parameters);
  return `${filter.negated ? 'NOT ' : ''}${operationSql(filter, left, filter.operation, parameters)}`;
}

function operationSql(filter: Filter, left: string, operation: Operation, parameters: Parameters): string {
  switch (operation.kind) {
    case 'compare':
      return `${left} ${compareOperators[operation.operator]} ${comparedSql(filter, operation, parameters)}`;
    case 'in':
      return inSql(filter, left, operation.values, parameters);
    case 'is':
      return `${left} ${isWords[operation.value]}`;
    case 'distinct':
      return `${left} IS DISTINCT FROM ${readSql(filter, parameters.add(operation.value))}`;
    case 'fts': {
      const { operator, language, value } = operation;
      const config = language === undefined ? '' : `${parameters.add(language)}, `;
      const vector = filter.makesVector ? `to_tsvector(${config}${left})` : left;
      return `${vector} @@ ${queryFunctions[operator]}(${config}${parameters.add(value)})`;
    }
  }
}

function comparedSql(filter: Filter, operation: Operation & { kind: 'compare' }, parameters: Parameters): string {
  const isPattern = operation.operator === 'like' || operation.operator === 'ilike';
  const value = parameters.add(isPattern ? operation.value.replaceAll('*', '%') : operation.value);
  if (operation.quantifier === undefined) return readSql(filter, value);
  return `${operation.quantifier === 'any' ? 'ANY' : 'ALL'} (${value})`;
}

function readSql({ fromText }: Filter, value: string): string {
  return fromText === undefined ? value : `${fromText}(${value})`;
}

function inSql({ fromText }: Filter, left: string, values: readonly string[], parameters: Parameters): string {
  const list = parameters.add(arrayLiteral(values));
  if (fromText === undefined) return `${left} = ANY (${list})`;
  return `${left} = ANY (ARRAY(SELECT ${fromText}(unnest(${list}::text[]))))`;
}

/** A list as the text of an array. One empty element stands for the empty list. */
export function arrayLiteral(values: readonly string[]): string {
  if (values.length === 1 && values[0] === '') return '{}';
  return `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
}

/** The emptiness of an embed that is joined as a lateral subquery. */
export const byLateral: EmbedTest = (embed, isNull) => `${rowMark(embed)} IS ${isNull ? 'NOT ' : ''}DISTINCT FROM NULL`;

/** What of an embed's subquery is null when it has no rows. */
export function rowMark({ alias, toOne, spread }: EmbedPlan): string {
  const name = quoteIdentifier(alias);
  if (toOne) return name;
  return `${name}.${spread ? markColumn : name}`;
}

/** Column of a spread list's subquery that is null when there are no rows. */
export const markColumn = 'pgrst_rows';
