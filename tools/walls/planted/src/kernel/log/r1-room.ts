import type { Decision } from '#services/beta';

export type Known = Decision;
