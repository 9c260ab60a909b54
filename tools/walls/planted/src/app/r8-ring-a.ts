import { b } from './r8-ring-b.ts';

export const a = (): unknown => b;
