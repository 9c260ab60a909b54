/** The role that owns the cluster. */
export const superuser = 'supabase_admin';

const map = 'stack';

/**
 * `pg_hba.conf`: on the socket the superuser by the operating system's word, everybody else and every TCP connection by
 * password (SCRAM). Nothing from off this machine.
 */
export function renderHostRules(): string {
  return [
    '# Written by pmoves-supabase at every start.',
    `local  all          ${superuser}  peer map=${map}`,
    `local  replication  ${superuser}  peer map=${map}`,
    // md5 takes SCRAM too, where that is what a role has.
    'local  all          all  md5',
    'local  replication  all  scram-sha-256',
    'host   all          all  127.0.0.0/8  scram-sha-256',
    'host   all          all  ::1/128      scram-sha-256',
    'host   replication  all  127.0.0.0/8  scram-sha-256',
    'host   replication  all  ::1/128      scram-sha-256',
    '',
  ].join('\n');
}

/** `pg_ident.conf`: the system users that may be the superuser, i.e. the one running Node and the server's own. */
export function renderIdentMap(systemUsers: readonly string[]): string {
  const lines = [...new Set(systemUsers)].map((user) => `${map}  ${quote(user)}  ${superuser}`);
  return ['# Written by pmoves-supabase at every start.', ...lines, ''].join('\n');
}

// A leading slash would make it a regular expression, a space two fields.
const quote = (user: string): string => `"${user.replaceAll('"', '""')}"`;
