import type { Decision } from '../beta/core/decide.ts';

export type Reached = Decision;
