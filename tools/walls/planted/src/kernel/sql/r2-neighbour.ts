import { inner } from '../log/inner.ts';

export const reached = inner;
