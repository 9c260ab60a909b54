import { config } from '#kernel/config';

export const reached = config;
