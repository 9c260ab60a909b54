import type { EmbedPlan, LevelPlan } from '../plan/read-plan.ts';
import { conditionSql, type EmbedTest, whereSql } from './conditions.ts';
import { qualified, qualifierOf } from './fields.ts';
import type { Parameters } from './parameters.ts';
import { rangeSql, relationshipConditions, wholeRow } from './read.ts';

/**
 * The query whose rows are the total of a read: the top level's conditions, without order and range. Embeds count by
 * `EXISTS`, where they drop rows of their parent.
 */
export function countSql(level: LevelPlan, parameters: Parameters): string {
  const alias = level.from.alias === undefined ? '' : ` AS ${qualifierOf(level.from)}`;
  return `SELECT 1 FROM ${qualified(level.from)}${alias}${countWhere(level, parameters, '')}`;
}

function countWhere(level: LevelPlan, parameters: Parameters, joined: string): string {
  const qualifier = qualifierOf(level.from);
  const test: EmbedTest = (embed, isNull) => `${isNull ? 'NOT ' : ''}${existsSql(embed, level, parameters)}`;
  const parts = joined === '' ? [] : [joined];
  for (const condition of level.conditions) parts.push(conditionSql(condition, qualifier, parameters, test));
  for (const embed of level.embeds) if (embed.inner) parts.push(existsSql(embed, level, parameters));
  return whereSql(parts);
}

function existsSql({ level, relationship }: EmbedPlan, above: LevelPlan, parameters: Parameters): string {
  const parent = qualifierOf(above.from);
  const qualifier = qualifierOf(level.from);
  const name = qualified(level.from);
  const aliased = level.from.alias === undefined ? name : `${name} AS ${qualifier}`;
  const from =
    relationship.kind === 'computed'
      ? `${qualified(relationship.function)}(${wholeRow(above.from)}) AS ${qualifier}`
      : relationship.kind === 'many-to-many'
        ? `${aliased}, ${qualified(relationship.junction)}`
        : aliased;
  const where = countWhere(level, parameters, relationshipConditions(relationship, parent, qualifier));
  // Other ranges leave rows where there are any, and would keep the planner from making a join of it.
  const range = level.limit === 0 || level.offset > 0 ? rangeSql(level, parameters) : '';
  return `EXISTS (SELECT 1 FROM ${from}${where}${range})`;
}
