import type { Column, Table } from '../cache/model.ts';
import type { JsonPayload } from '../request/payload.ts';
import type { Condition, LevelPlan } from './read-plan.ts';
import type { Returning } from './returning.ts';

/** What an upsert does with rows that are there already. */
export interface ConflictPlan {
  readonly columns: readonly string[];
  readonly resolution: 'merge-duplicates' | 'ignore-duplicates';
}

/** The change itself. */
export type Change =
  | {
      readonly kind: 'insert';
      readonly payload: JsonPayload;
      readonly columns: readonly Column[];
      readonly appliesDefaults: boolean;
      readonly conflict: ConflictPlan | undefined;
      /** PUT: what the key columns of the payload must be. */
      readonly keyValues: readonly (readonly [column: string, value: string])[];
      /** Whether it has to be known how many rows are new. */
      readonly countsInserted: boolean;
    }
  | {
      readonly kind: 'update';
      readonly payload: JsonPayload;
      readonly columns: readonly Column[];
      readonly appliesDefaults: boolean;
      readonly conditions: readonly Condition[];
    }
  | { readonly kind: 'delete'; readonly conditions: readonly Condition[] };

/** A planned write. */
export interface WritePlan {
  readonly table: Table;
  readonly change: Change;
  /** Undefined when no row is shown: each then only counts. */
  readonly returning: Returning | undefined;
  /** What is made of the changed rows. */
  readonly shape: LevelPlan | undefined;
  /** Key columns for the `Location` header. */
  readonly locationKey: readonly string[];
}
