import { log } from '../../../../src/kernel/log/index.ts';

export const used = log;
