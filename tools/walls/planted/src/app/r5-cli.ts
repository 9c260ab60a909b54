import { start } from '../cli/start.ts';

export const reached = start;
