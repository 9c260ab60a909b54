import type { Parameter, Routine } from '../cache/model.ts';
import type { LevelPlan } from './read-plan.ts';
import type { Returning } from './returning.ts';

/** Where a function's arguments come from. */
export type CallArguments =
  /** One value for each, as text; a variadic parameter takes several. */
  | { readonly kind: 'texts'; readonly values: readonly (readonly [Parameter, readonly string[]])[] }
  /** Members of a JSON object, or of the first one of an array. */
  | {
      readonly kind: 'json';
      readonly parameters: readonly Parameter[];
      readonly body: Buffer;
      readonly isArray: boolean;
    }
  /** The whole body for the one unnamed parameter. */
  | { readonly kind: 'body'; readonly type: string; readonly body: Buffer };

/** What a function's result is like. */
export type ResultShape = 'rows' | 'row' | 'values' | 'value';

/** A planned call. */
export interface CallPlan {
  readonly routine: Routine;
  readonly args: CallArguments;
  readonly result: ResultShape;
  readonly returning: Returning;
  /** What is made of the result. */
  readonly shape: LevelPlan;
}

/** The form of a function's result. */
export function resultShape({ returns }: Routine): ResultShape {
  if (returns.isComposite) return returns.isSet ? 'rows' : 'row';
  return returns.isSet ? 'values' : 'value';
}
