import { parse } from 'pgsql-parser';

export const reached = parse;
