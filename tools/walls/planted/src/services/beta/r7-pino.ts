import { pino } from 'pino';

export const reached = pino;
