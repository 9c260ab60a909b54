import type { MigrationFile } from '#kernel/sql';
import { access } from './access.ts';
import { auditAndInstances } from './audit-and-instances.ts';
import { factors } from './factors.ts';
import { flows } from './flows.ts';
import { identities } from './identities.ts';
import { oauthServer } from './oauth-server.ts';
import { sessions } from './sessions.ts';
import { sso } from './sso.ts';
import { typesAndFunctions } from './types-and-functions.ts';
import { users } from './users.ts';
import { versionRows } from './versions.ts';

/**
 * Schema `auth` by topic, in order of reference. Every file may be run again and starts from whatever is there: nothing,
 * the tables of an early release, or all of them.
 */
export const authMigrations: readonly MigrationFile[] = [
  { version: 'types-and-functions', sql: typesAndFunctions },
  { version: 'users', sql: users },
  { version: 'identities', sql: identities },
  { version: 'oauth-server', sql: oauthServer },
  { version: 'sessions', sql: sessions },
  { version: 'factors', sql: factors },
  { version: 'flows', sql: flows },
  { version: 'sso', sql: sso },
  { version: 'audit-and-instances', sql: auditAndInstances },
  { version: 'access', sql: access },
  { version: 'versions', sql: versionRows },
];

export { migrate } from './migrate.ts';
export { upstreamVersions } from './versions.ts';
