import { tested } from './inner.test.ts';

export const reached = tested;
