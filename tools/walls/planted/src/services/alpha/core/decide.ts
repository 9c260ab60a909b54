import { sql } from '#kernel/sql';

export type Decision = 'yes' | 'no';

export const decide = (): Decision => (sql === 'sql' ? 'yes' : 'no');
