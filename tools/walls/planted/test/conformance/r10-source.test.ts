import { decide } from '../../src/services/alpha/index.ts';

export const reached = decide;
