import { expect } from 'vitest';

export const reached = expect;
