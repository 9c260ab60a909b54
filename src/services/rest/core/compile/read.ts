import { quoteIdentifier } from '#kernel/sql';
import type { ColumnPairs, Relationship } from '../cache/model.ts';
import type { Condition, EmbedPlan, LevelPlan, LevelSource, Output, OutputSource } from '../plan/read-plan.ts';
import { byLateral, conditionSql, markColumn, rowMark, whereSql } from './conditions.ts';
import { fieldSql, qualified, qualifierOf } from './fields.ts';
import type { Parameters } from './parameters.ts';

/** The query of a level with all embeds. */
export function readSql(level: LevelPlan, parameters: Parameters): string {
  return levelSql(level, parameters, undefined);
}

interface ParentLink {
  readonly embed: EmbedPlan;
  readonly above: LevelPlan;
}

function levelSql(level: LevelPlan, parameters: Parameters, link: ParentLink | undefined): string {
  const qualifier = qualifierOf(level.from);
  let columns = '';
  for (const output of level.outputs)
    columns += `${columns === '' ? '' : ', '}${outputSql(output, qualifier, parameters)}`;
  if (link !== undefined) {
    for (const { name, field } of link.embed.hidden)
      columns += `${columns === '' ? '' : ', '}${fieldSql(qualifier, field, parameters)} AS ${quoteIdentifier(name)}`;
    if (columns === '') columns = '1';
  }
  const from = link === undefined ? fromSql(level) : embedFromSql(level, link);
  let joins = '';
  for (const embed of level.embeds) joins += joinSql(embed, level, parameters);
  const joined =
    link === undefined ? '' : relationshipConditions(link.embed.relationship, qualifierOf(link.above.from), qualifier);
  const conditions = joined === '' ? [] : [joined];
  for (const one of level.conditions) conditions.push(conditionSql(one, qualifier, parameters, byLateral));
  return (
    `SELECT ${columns} FROM ${from}${joins}${whereSql(conditions)}${groupSql(level, qualifier, parameters)}` +
    `${orderSql(level, qualifier, parameters)}${rangeSql(level, parameters)}`
  );
}

function fromSql({ from }: LevelPlan): string {
  return from.alias === undefined ? qualified(from) : `${qualified(from)} AS ${quoteIdentifier(from.alias)}`;
}

function embedFromSql(level: LevelPlan, { embed: { relationship }, above }: ParentLink): string {
  if (relationship.kind === 'computed')
    return `${qualified(relationship.function)}(${wholeRow(above.from)}) AS ${qualifierOf(level.from)}`;
  if (relationship.kind === 'many-to-many') return `${fromSql(level)}, ${qualified(relationship.junction)}`;
  return fromSql(level);
}

/** A row as a function takes it. What comes out of a CTE has lost its type, and may have columns more. */
export function wholeRow(from: LevelSource): string {
  const qualifier = qualifierOf(from);
  if (from.schema !== '' || from.table === undefined) return `${qualifier}.*`;
  const columns = [...from.table.columns.keys()].map((name) => `${qualifier}.${quoteIdentifier(name)}`);
  return `ROW(${columns.join(', ')})::${qualified(from.table)}`;
}

/** What ties the rows of an embed to a row of its parent. Nothing for a function, which was given the row. */
export function relationshipConditions(relationship: Relationship, parent: string, qualifier: string): string {
  if (relationship.kind === 'computed') return '';
  if (relationship.kind !== 'many-to-many') return pairsSql(relationship.columns, parent, qualifier);
  const junction = qualified(relationship.junction);
  const near = pairsSql(relationship.nearColumns, parent, junction);
  return `${near} AND ${pairsSql(relationship.farColumns, qualifier, junction)}`;
}

function pairsSql(pairs: ColumnPairs, near: string, far: string): string {
  return pairs
    .map(([one, other]) => `${far}.${quoteIdentifier(other)} = ${near}.${quoteIdentifier(one)}`)
    .join(' AND ');
}

function joinSql(embed: EmbedPlan, above: LevelPlan, parameters: Parameters): string {
  const alias = quoteIdentifier(embed.alias);
  const query = levelSql(embed.level, parameters, { embed, above });
  const join = embed.inner ? ' INNER JOIN LATERAL' : ' LEFT JOIN LATERAL';
  if (embed.toOne) return `${join} (${query}) AS ${alias} ON TRUE`;
  const on = embed.inner ? `${rowMark(embed)} IS NOT NULL` : 'TRUE';
  const columns = embed.spread ? spreadColumns(embed, alias, above) : `jsonb_agg(${alias}.*) AS ${alias}`;
  return `${join} (SELECT ${columns} FROM (${query}) AS ${alias}) AS ${alias} ON ${on}`;
}

/** One list a column, and where it is asked for, whether there are rows at all. */
function spreadColumns(embed: EmbedPlan, alias: string, above: LevelPlan): string {
  const columns = embed.level.outputs.map(
    ({ name }) => `jsonb_agg(${alias}.${quoteIdentifier(name)}) AS ${quoteIdentifier(name)}`,
  );
  if (columns.length === 0 || embed.inner || mentions(above.conditions, embed))
    columns.push(`nullif(count(*), 0) AS ${markColumn}`);
  return columns.join(', ');
}

function outputSql(output: Output, qualifier: string, parameters: Parameters): string {
  const { source, name } = output;
  if (source.kind === 'all') return `${qualifier}.*`;
  if (isPlainColumn(output)) return `${qualifier}.${quoteIdentifier(name)}`;
  return `${valueSql(output, qualifier, parameters)} AS ${quoteIdentifier(name)}`;
}

/** Whether the server itself gives an output its name. */
function isPlainColumn({ source, name, cast, aggregate }: Output): boolean {
  if (source.kind !== 'field' || cast !== undefined || aggregate !== undefined) return false;
  return source.field.name === name && source.field.path.length === 0 && source.toJson === undefined;
}

function valueSql(
  { source, cast, aggregate, aggregateCast }: Output,
  qualifier: string,
  parameters: Parameters,
): string {
  const plain = source.kind === 'row' && aggregate === 'count' ? '*' : sourceSql(source, qualifier, parameters);
  const value = cast === undefined ? plain : castSql(plain, cast);
  if (aggregate === undefined) return value;
  const result = `${aggregate}(${value})`;
  return aggregateCast === undefined ? result : castSql(result, aggregateCast);
}

// The grammar lets only letters, digits, _, $ and blanks into a cast.
const castSql = (value: string, type: string): string => `CAST(${value} AS ${type})`;

function sourceSql(source: OutputSource, qualifier: string, parameters: Parameters): string {
  switch (source.kind) {
    case 'all':
      return `${qualifier}.*`;
    case 'row':
      return '1';
    case 'field': {
      const value = fieldSql(qualifier, source.field, parameters);
      return source.toJson === undefined ? value : `${source.toJson}(${value})`;
    }
    case 'embed-column': {
      const column = `${quoteIdentifier(source.embed.alias)}.${quoteIdentifier(source.column)}`;
      return source.embed.toOne ? column : `COALESCE(${column}, '[]')`;
    }
    case 'embed':
      return embedValue(source.embed);
  }
}

/** An embed as JSON, without the columns that were only added to order by. */
function embedValue({ alias, toOne, hidden }: EmbedPlan): string {
  const name = quoteIdentifier(alias);
  if (!toOne) return `COALESCE(${name}.${name}, '[]')`;
  const value = `to_jsonb(${name}.*)`;
  return hidden.length === 0 ? value : `(${value}${hidden.map((one) => ` - '${one.name}'`).join('')})`;
}

/**
 * Rows are grouped by every output that is no aggregate, named by its place; a value that is only shown in its own way
 * is the one that is stored, since what is shown of it may be of a type that nothing is equal to.
 */
function groupSql({ isGrouped, outputs }: LevelPlan, qualifier: string, parameters: Parameters): string {
  if (!isGrouped) return '';
  const terms = outputs.flatMap(({ source, aggregate }, index) => {
    if (aggregate !== undefined) return [];
    const isStored = source.kind === 'field' && source.toJson !== undefined;
    return [isStored ? fieldSql(qualifier, source.field, parameters) : String(index + 1)];
  });
  return terms.length === 0 ? '' : ` GROUP BY ${terms.join(', ')}`;
}

// Two paths whose steps are parameters are two expressions to the server, so a group's is named by its place.
function groupPlace({ isGrouped, outputs }: LevelPlan, source: OutputSource): string | undefined {
  if (!isGrouped || source.kind !== 'field' || source.field.path.length === 0) return undefined;
  const wanted = JSON.stringify(source.field);
  const index = outputs.findIndex(
    ({ source: shown, cast, aggregate }) =>
      shown.kind === 'field' && cast === undefined && aggregate === undefined && JSON.stringify(shown.field) === wanted,
  );
  return index < 0 ? undefined : String(index + 1);
}

const nullsWords = { nullsfirst: ' NULLS FIRST', nullslast: ' NULLS LAST' } as const;

function orderSql(level: LevelPlan, qualifier: string, parameters: Parameters): string {
  const { order } = level;
  if (order.length === 0) return '';
  const terms = order.map(({ source, direction, nulls }) => {
    const value = groupPlace(level, source) ?? sourceSql(source, qualifier, parameters);
    return `${value}${direction === undefined ? '' : direction === 'asc' ? ' ASC' : ' DESC'}${nulls === undefined ? '' : nullsWords[nulls]}`;
  });
  return ` ORDER BY ${terms.join(', ')}`;
}

/** LIMIT and OFFSET; an offset of 0 is left out. */
export function rangeSql({ limit, offset }: Pick<LevelPlan, 'limit' | 'offset'>, parameters: Parameters): string {
  const most = limit === undefined ? '' : ` LIMIT ${parameters.add(String(limit))}`;
  return offset === 0 ? most : `${most} OFFSET ${parameters.add(String(offset))}`;
}

/** Whether some condition, however deep, is about this embed. */
function mentions(conditions: readonly Condition[], embed: EmbedPlan): boolean {
  return conditions.some(
    (one) =>
      (one.kind === 'embed-null' && one.embed === embed) || (one.kind === 'group' && mentions(one.children, embed)),
  );
}
