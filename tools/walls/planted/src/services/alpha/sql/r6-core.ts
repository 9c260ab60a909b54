import type { Decision } from '../core/decide.ts';

export type Reached = Decision;
