import { quoteIdentifier } from '#kernel/sql';
import type { QualifiedName } from '../cache/model.ts';
import type { JsonStep } from '../grammar/tree.ts';
import type { LevelSource, PlannedField } from '../plan/read-plan.ts';
import type { Parameters } from './parameters.ts';

/** `"schema"."name"` */
export const qualified = ({ schema, name }: QualifiedName): string =>
  schema === '' ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** What columns of a level are called by: its alias, or schema and name. */
export const qualifierOf = (from: LevelSource): string =>
  from.alias === undefined ? qualified(from) : quoteIdentifier(from.alias);

/** A field of a level. Keys and indexes of JSON paths are values. */
export function fieldSql(qualifier: string, { name, path, viaJsonb }: PlannedField, parameters: Parameters): string {
  const column = `${qualifier}.${quoteIdentifier(name)}`;
  if (path.length === 0) return column;
  return (viaJsonb ? `to_jsonb(${column})` : column) + path.map((step) => stepSql(step, parameters)).join('');
}

function stepSql({ arrow, kind, value }: JsonStep, parameters: Parameters): string {
  return `${arrow}${parameters.add(value)}${kind === 'index' ? '::int' : ''}`;
}
