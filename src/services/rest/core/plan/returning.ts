import type { Table } from '../cache/model.ts';
import type { Condition, LevelPlan, OutputSource } from './read-plan.ts';

/** Columns of the changed or returned rows that what is made of them needs. */
export interface Returning {
  /** Every column of the relation. */
  readonly all: boolean;
  /** Names, sorted; with `all` those that are no columns of the relation (computed fields). */
  readonly names: readonly string[];
}

/**
 * Collects the columns a shape over `pgrst_source` refers to: what is shown, ordered by, filtered by and joined on.
 *
 * @param more further columns, e.g. a primary key
 */
export function returningOf(shape: LevelPlan, table: Table | undefined, more: readonly string[]): Returning {
  const names = new Set(more);
  let all = false;
  const note = (source: OutputSource): void => {
    if (source.kind === 'all') all = true;
    else if (source.kind === 'field') names.add(source.field.name);
  };
  for (const { source } of shape.outputs) note(source);
  for (const { source } of shape.order) note(source);
  noteConditions(shape.conditions, names);
  for (const { relationship } of shape.embeds) {
    // The function takes the whole row.
    if (relationship.kind === 'computed') all = true;
    else
      for (const [near] of relationship.kind === 'many-to-many' ? relationship.nearColumns : relationship.columns)
        names.add(near);
  }
  const sorted = [...names].sort();
  if (!all) return { all, names: sorted };
  return { all, names: table === undefined ? [] : sorted.filter((name) => !table.columns.has(name)) };
}

function noteConditions(conditions: readonly Condition[], names: Set<string>): void {
  for (const condition of conditions) {
    if (condition.kind === 'filter') names.add(condition.field.name);
    else if (condition.kind === 'group') noteConditions(condition.children, names);
  }
}
