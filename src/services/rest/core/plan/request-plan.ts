import type { Routine } from '../cache/model.ts';
import type { Resource } from '../request/resource.ts';
import type { CallPlan } from './call-plan.ts';
import type { Negotiated } from './media.ts';
import type { LevelPlan } from './read-plan.ts';
import type { WritePlan } from './write-plan.ts';

/** How many rows there are in all, as far as that is wanted. */
export type CountWish = 'exact' | 'planned' | 'estimated' | undefined;

/** A read of a relation. */
export interface ReadRequestPlan {
  readonly kind: 'read';
  readonly level: LevelPlan;
  readonly media: Negotiated;
  readonly count: CountWish;
  readonly headersOnly: boolean;
}

/** A change of a relation. */
export interface WriteRequestPlan {
  readonly kind: 'write';
  readonly action: 'insert' | 'update' | 'upsert' | 'delete';
  readonly write: WritePlan;
  readonly media: Negotiated;
}

/** A call of a function. */
export interface CallRequestPlan {
  readonly kind: 'call';
  readonly call: CallPlan;
  readonly routine: Routine;
  readonly media: Negotiated;
  readonly count: CountWish;
  readonly readOnly: boolean;
  readonly headersOnly: boolean;
}

/** What is to be done for a request. */
export type RequestPlan =
  | ReadRequestPlan
  | WriteRequestPlan
  | CallRequestPlan
  | { readonly kind: 'describe'; readonly headersOnly: boolean }
  | { readonly kind: 'options'; readonly resource: Resource };
