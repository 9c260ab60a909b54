import { one } from '../../studio/src/pages/one/page.ts';

export const used = one;
