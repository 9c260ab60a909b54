import { restError } from '../../errors.ts';
import type { Column, Table } from '../cache/model.ts';
import type { Filter, RestQuery } from '../grammar/tree.ts';
import type { JsonPayload } from '../request/payload.ts';
import type { Preferences } from '../request/preferences.ts';
import { planFilter, planLogic } from './fields.ts';
import { atTop } from './query-tree.ts';
import type { Condition, LevelPlan } from './read-plan.ts';
import { returningOf } from './returning.ts';
import type { Change, ConflictPlan, WritePlan } from './write-plan.ts';

/** What a write is planned from. */
export interface WriteInput {
  readonly kind: 'insert' | 'update' | 'upsert' | 'delete';
  readonly table: Table;
  readonly query: RestQuery;
  readonly preferences: Preferences;
  /** None for a delete. */
  readonly payload: JsonPayload | undefined;
  /** Plan of the representation; only made when one is wanted. */
  readonly shape: LevelPlan | undefined;
}

/** Plans a write. @throws PGRST105, PGRST115, PGRST204 */
export function planWrite(input: WriteInput): WritePlan {
  const { table, preferences } = input;
  const shape = table.columns.size > 0 ? input.shape : input.shape && withoutAll(input.shape);
  const change = changeOf(input);
  const wantsLocation = input.kind === 'insert' && preferences.return === 'headers-only';
  const returning =
    shape !== undefined
      ? returningOf(shape, table, table.primaryKey)
      : wantsLocation && table.primaryKey.length > 0
        ? { all: false, names: table.primaryKey }
        : undefined;
  return { table, change, returning, shape, locationKey: wantsLocation ? table.primaryKey : [] };
}

// `RETURNING *` needs a column to return, and a CTE one to have.
function withoutAll(shape: LevelPlan): LevelPlan {
  return { ...shape, outputs: shape.outputs.filter(({ source }) => source.kind !== 'all') };
}

function changeOf(input: WriteInput): Change {
  const { table, query, preferences } = input;
  const appliesDefaults = preferences.missing === 'default';
  switch (input.kind) {
    case 'delete':
      return { kind: 'delete', conditions: rowConditions(input) };
    case 'update': {
      const payload = input.payload as JsonPayload;
      const columns = columnsOf(table, query.columns ?? payload.keys ?? []);
      return { kind: 'update', payload, columns, appliesDefaults, conditions: rowConditions(input) };
    }
    case 'insert': {
      const payload = input.payload as JsonPayload;
      const columns = columnsOf(table, query.columns ?? payload.keys ?? []);
      const conflict = conflictOf(table, query, preferences);
      const countsInserted = conflict?.resolution === 'merge-duplicates';
      return { kind: 'insert', payload, columns, appliesDefaults, conflict, keyValues: [], countsInserted };
    }
    case 'upsert': {
      const payload = input.payload as JsonPayload;
      const keyValues = keyValuesOf(table, query);
      const columns = columnsOf(table, payload.keys ?? []);
      if (!keyValues.every(([key]) => payload.keys?.includes(key))) throw restError('PGRST115');
      return {
        kind: 'insert',
        keyValues,
        payload,
        columns,
        appliesDefaults: false,
        conflict: { columns: table.primaryKey, resolution: 'merge-duplicates' },
        countsInserted: true,
      };
    }
  }
}

function columnsOf(table: Table, names: readonly string[]): Column[] {
  return names.map((name) => {
    const column = table.columns.get(name);
    if (column === undefined)
      throw restError('PGRST204', {
        message: `Could not find the '${name}' column of '${table.name}' in the schema cache`,
      });
    return column;
  });
}

function conflictOf(table: Table, { onConflict }: RestQuery, { resolution }: Preferences): ConflictPlan | undefined {
  const columns = onConflict ?? table.primaryKey;
  return resolution === undefined || columns.length === 0 ? undefined : { columns, resolution };
}

/** PUT names one row by all of its key and nothing else (PostgREST 14 docs, "Single Row Upsert"). */
function keyValuesOf({ primaryKey }: Table, query: RestQuery): (readonly [string, string])[] {
  const values = new Map<string, string>();
  const isPlain = query.filters.every(({ path, value: { field, negated, operation } }) => {
    if (path.length > 0) return true;
    if (negated || field.path.length > 0 || operation.kind !== 'compare') return false;
    if (operation.operator !== 'eq' || operation.quantifier !== undefined) return false;
    values.set(field.name, operation.value);
    return true;
  });
  const isWhole =
    primaryKey.length > 0 && values.size === primaryKey.length && primaryKey.every((name) => values.has(name));
  if (!isPlain || !isWhole || atTop(query.logic).length > 0) throw restError('PGRST105');
  return [...values];
}

function rowConditions({ table, query }: WriteInput): Condition[] {
  const leaf = (filter: Filter): Condition => planFilter(table, filter);
  const conditions = atTop(query.filters).map(leaf);
  for (const tree of atTop(query.logic)) conditions.push(planLogic(tree, leaf));
  return conditions;
}

/** Refuses to change every row of a table, in the words of the safeupdate library. @throws 21000 */
export function guardRows({ change }: WritePlan): void {
  if (change.kind === 'insert' || change.conditions.length > 0) return;
  // An update without columns changes nothing.
  if (change.kind === 'update' && change.columns.length === 0) return;
  throw restError('21000', { message: `${change.kind === 'delete' ? 'DELETE' : 'UPDATE'} requires a WHERE clause` });
}
