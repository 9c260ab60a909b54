import { log } from '#kernel/log';

export const reached = log;
