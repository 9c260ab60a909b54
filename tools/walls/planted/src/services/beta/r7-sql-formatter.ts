import { format } from 'sql-formatter';

export const reached = format;
