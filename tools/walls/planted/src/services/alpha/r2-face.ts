import { inner } from '../../kernel/log/inner.ts';

export const reached = inner;
