import { sql } from '#kernel/sql';

export const find = sql;
