import { sql } from '#kernel/sql';

export const reached = sql;
