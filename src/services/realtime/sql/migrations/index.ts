import type { MigrationFile } from '#kernel/sql';
import { messages } from './messages.ts';
import { schema } from './schema.ts';
import { sending } from './sending.ts';
import { subscription } from './subscription.ts';
import { walrus, walrusParts } from './walrus.ts';

/** Schema `realtime` by topic, in order of reference. Every file may be run again and starts from whatever is there. */
export const realtimeMigrations: readonly MigrationFile[] = [
  { version: 'schema', sql: schema },
  { version: 'messages', sql: messages },
  { version: 'sending', sql: sending },
  { version: 'subscription', sql: subscription },
  { version: 'walrus-parts', sql: walrusParts },
  { version: 'walrus', sql: walrus },
];

export { migrate } from './migrate.ts';
