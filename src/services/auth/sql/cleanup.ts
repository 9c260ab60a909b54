import type { Sql } from './rows.ts';

/** Ages after which rows have outlived their use, in milliseconds; undefined where a limit is not set. */
export interface CleanupLimits {
  readonly anonymousUsers: boolean;
  readonly timebox: number | undefined;
  readonly inactivity: number | undefined;
}

const some = (table: string, where: string, limit = 100): string => `
  delete from auth.${table} where id in (
    select id from auth.${table} where ${where} limit ${limit} for update skip locked)`;

/** Statements of which one is run after each write, in turn. `$1` is the present moment. */
export function cleanupStatements(limits: CleanupLimits): string[] {
  const before = (column: string, age: string): string => `${column} < $1::timestamptz - interval '${age}'`;
  const statements = [
    some('refresh_tokens', `revoked = true and ${before('updated_at', '24 hours')}`),
    `update auth.refresh_tokens set revoked = true, updated_at = $1 where id in (
      select t.id from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id
      where ${before('s.not_after', '24 hours')} and t.revoked is false limit 100 for update of t skip locked)`,
    some('sessions', before('not_after', '72 hours'), 10),
    some('saml_relay_states', before('created_at', '24 hours')),
    some('flow_state', before('created_at', '24 hours')),
    some('oauth_client_states', before('created_at', '24 hours')),
    some('oauth_authorizations', before('expires_at', '24 hours')),
    some('mfa_challenges', before('created_at', '24 hours')),
    some('mfa_factors', `${before('created_at', '24 hours')} and status = 'unverified'`),
    some('webauthn_challenges', 'expires_at < $1::timestamptz'),
  ];
  if (limits.anonymousUsers)
    statements.push(some('users', `${before('created_at', '30 days')} and is_anonymous is true`));
  if (limits.timebox !== undefined)
    statements.push(some('sessions', before('created_at', `${limits.timebox + 86_400_000} milliseconds`)));
  if (limits.inactivity !== undefined)
    statements.push(
      some(
        'sessions',
        before(
          `coalesce(refreshed_at at time zone 'UTC', created_at)`,
          `${limits.inactivity + 86_400_000} milliseconds`,
        ),
      ),
    );
  return statements;
}

/** Runs one of the statements. */
export async function runCleanup(sql: Sql, statement: string, now: string): Promise<void> {
  await sql.query(statement, [now]);
}
