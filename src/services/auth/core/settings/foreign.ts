import { string } from '#kernel/config';
import { family } from './family.ts';

/** Settings of the original that only say how its own program is run; they are taken and have no effect. */
const withoutEffect = [
  'DB_MAX_IDLE_POOL_SIZE',
  'DB_CONN_MAX_LIFETIME',
  'DB_CONN_MAX_IDLE_TIME',
  'DB_CONN_PERCENTAGE',
  'DB_HEALTH_CHECK_PERIOD',
  'DB_MIGRATIONS_PATH',
  'DB_ADVISOR_ENABLED',
  'DB_ADVISOR_SAMPLING_INTERVAL',
  'DB_ADVISOR_OBSERVATION_INTERVAL',
  'API_ENDPOINT',
  'OPERATOR_TOKEN',
  'JWT_ADMIN_GROUP_NAME',
  'SMTP_LOGGING_ENABLED',
  'LOG_FILE',
  'LOG_DISABLE_COLORS',
  'LOG_QUOTE_EMPTY_FIELDS',
  'LOG_TS_FORMAT',
  'LOG_TSFORMAT',
  'LOG_SQL',
  'LOG_FIELDS',
  'TRACING_EXPORTER',
  'TRACING_HOST',
  'TRACING_PORT',
  'INDEX_WORKER_ENSURE_USER_SEARCH_INDEXES_EXIST',
  'INDEX_WORKER_MAX_USERS_THRESHOLD',
] as const;

/** Settings that ask for something this room does not do. A value other than `false` or `0` is named in a warning. */
const notServed = ['EXPERIMENTAL_SCIM_ENABLED'] as const;

const purposes: Readonly<Record<string, string>> = {
  EXPERIMENTAL_SCIM_: 'provisioning of users by SCIM',
};

/** What a setting that is not served would do. @param name as operators write it */
export function purposeOf(name: string): string {
  const found = Object.entries(purposes).find(([prefix]) => name.startsWith(`GOTRUE_${prefix}`));
  return found?.[1] ?? 'what it is for';
}

/** Settings of the original that are known here and not served. */
export const foreignSettings = {
  databaseDriver: string({
    name: 'GOTRUE_DB_DRIVER',
    default: 'postgres',
    pattern: [/^postgres(ql)?$/, 'must be postgres; there is no other'],
    help: 'Kind of database; postgres alone.',
  }),
  databaseNamespace: string({
    name: 'GOTRUE_DB_NAMESPACE',
    alone: ['DB_NAMESPACE'],
    default: 'auth',
    pattern: [/^auth$/, 'must be auth; no other schema is served'],
    help: 'Schema of the tables; auth alone.',
  }),
  ...family('ignored_', withoutEffect, (name) =>
    string({ name: `GOTRUE_${name}`, secret: name === 'OPERATOR_TOKEN', help: 'Taken, without effect.' }),
  ),
  ...family('unserved_', notServed, (name) =>
    string({
      name: `GOTRUE_${name}`,
      secret: name.includes('_KEY'),
      help: `Asks for ${purposeOf(`GOTRUE_${name}`)}; not served by this release, and a warning at start says so.`,
    }),
  ),
};
