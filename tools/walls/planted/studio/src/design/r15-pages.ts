import { one } from '../pages/one/page.ts';

export const used = one;
