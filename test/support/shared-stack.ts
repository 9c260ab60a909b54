import { inject } from 'vitest';
import type { StackAddress } from './stack.ts';

/** A stack that many files use, one after the other. Tests use tables and users of their own. */
export interface SharedStack extends StackAddress {
  readonly directRestPort: number;
  readonly directAuthPort: number;
}

/** The token that shared stacks let manage functions, in the only form the official CLI takes. */
export const accessToken = `sbp_${'0123456789'.repeat(4)}`;

declare module 'vitest' {
  export interface ProvidedContext {
    /** One for each worker, at its number less one. */
    stacks: readonly SharedStack[];
  }
}

/** The stack of the worker that runs this file; no other file uses it meanwhile. @throws Error outside of project `conformance` */
export function sharedStack(): SharedStack {
  const worker = Number(process.env.VITEST_POOL_ID);
  const stack = inject('stacks')[worker - 1];
  if (stack === undefined) throw new Error(`no stack was started for worker ${process.env.VITEST_POOL_ID}`);
  return stack;
}
