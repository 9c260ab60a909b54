import { a } from './r8-ring-a.ts';

export const b = (): unknown => a;
