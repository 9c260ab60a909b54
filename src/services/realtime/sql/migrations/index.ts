import type { MigrationFile } from '#kernel/sql';
import { messages } from './messages.ts';
import { schema } from './schema.ts';
import { sending } from './sending.ts';

/** Schema `realtime` by topic, in order of reference. Every file may be run again and starts from whatever is there. */
export const realtimeMigrations: readonly MigrationFile[] = [
  { version: 'schema', sql: schema },
  { version: 'messages', sql: messages },
  { version: 'sending', sql: sending },
];

export { migrate } from './migrate.ts';
