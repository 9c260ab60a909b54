import { one } from '../one/page.ts';

export const used = one;
