import type { Decision } from '../index.ts';

export type Reached = Decision;
