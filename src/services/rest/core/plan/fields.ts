import type { Column, Table } from '../cache/model.ts';
import type { Field, Filter, LogicTree } from '../grammar/tree.ts';
import type { Condition, PlannedField } from './read-plan.ts';

/** A column the cache knows; computed fields and columns of ad hoc results it does not. */
const columnOf = (table: Table | undefined, name: string): Column | undefined => table?.columns.get(name);

/** Resolves a field of a level. */
export function planField(table: Table | undefined, { name, path }: Field): PlannedField {
  return { name, path, viaJsonb: path.length > 0 && columnOf(table, name)?.isJson !== true };
}

/** Resolves a filter of a level. */
export function planFilter(table: Table | undefined, { field, negated, operation }: Filter): Condition {
  const column = columnOf(table, field.name);
  const isPattern = operation.kind === 'compare' && /like$/.test(operation.operator);
  return {
    kind: 'filter',
    field: planField(table, field),
    negated,
    operation,
    makesVector:
      operation.kind === 'fts' && column !== undefined && (field.path.length > 0 || !column.isTextSearchVector),
    fromText: field.path.length > 0 || isPattern ? undefined : column?.representation?.fromText,
  };
}

/** Resolves a condition with all it is made of. @param leaf resolves a filter */
export function planLogic(tree: LogicTree, leaf: (filter: Filter) => Condition): Condition {
  if (tree.kind === 'filter') return leaf(tree);
  const { negated, operator, children } = tree;
  return { kind: 'group', negated, operator, children: children.map((child) => planLogic(child, leaf)) };
}

/** The function that shows a column's values, where its domain has one. */
export const toJsonOf = (table: Table | undefined, name: string): string | undefined =>
  columnOf(table, name)?.representation?.toJson;
