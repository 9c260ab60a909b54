import { insertAuditEntries } from '../sql/audit.ts';
import { nilUuid, type Sql } from '../sql/rows.ts';
import { type AuthContext, nowOf } from './context.ts';

const logTypes = {
  login: 'account',
  logout: 'account',
  invite_accepted: 'account',
  user_signedup: 'team',
  user_invited: 'team',
  user_deleted: 'team',
  token_revoked: 'token',
  token_refreshed: 'token',
  user_modified: 'user',
  user_recovery_requested: 'user',
  user_reauthenticate_requested: 'user',
  user_confirmation_requested: 'user',
  user_repeated_signup: 'user',
  user_updated_password: 'user',
  identity_linked: 'user',
  identity_unlinked: 'user',
  passkey_created: 'user',
  passkey_updated: 'user',
  passkey_deleted: 'user',
  factor_in_progress: 'factor',
  challenge_created: 'factor',
  verification_attempted: 'factor',
  factor_unenrolled: 'factor',
  factor_deleted: 'factor',
  factor_updated: 'factor',
  recovery_codes_generated: 'factor',
  recovery_codes_regenerated: 'factor',
  recovery_codes_verified: 'factor',
  recovery_codes_deleted: 'factor',
} as const;

/** Something worth recording. */
export type AuditAction = keyof typeof logTypes;

/** Who did it. */
export interface Actor {
  readonly id: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly is_sso_user: boolean;
  readonly raw_user_meta_data: Readonly<Record<string, unknown>>;
}

/** The actor of requests that an admin token makes. */
export const adminActor = (role: string): Actor => ({
  id: nilUuid,
  email: role,
  phone: null,
  is_sso_user: false,
  raw_user_meta_data: {},
});

/** Entries of the audit log, as they are stored. */
export function auditEntries(
  actor: Actor,
  actions: AuditAction | readonly AuditAction[],
  traits?: Readonly<Record<string, unknown>>,
) {
  const name = actor.raw_user_meta_data.full_name;
  return [actions].flat().map((action) => ({
    actor_id: actor.id,
    actor_via_sso: actor.is_sso_user,
    actor_username: actor.phone || actor.email || '',
    action,
    log_type: logTypes[action],
    ...(typeof name === 'string' && name !== '' && { actor_name: name }),
    ...(traits && { traits }),
  }));
}

/** Writes entries to the log, without what tells people by name. */
export function logAudit(context: AuthContext, entries: ReturnType<typeof auditEntries>): void {
  for (const { actor_id, action, log_type } of entries)
    context.log.info({ auth_event: { actor_id, action, log_type } }, 'audit');
}

/**
 * Records actions in the log and, unless settings say otherwise, in `auth.audit_log_entries`.
 *
 * @param ip recorded for few kinds of actions only, as upstream does
 */
export async function audit(
  context: AuthContext,
  sql: Sql,
  actor: Actor,
  actions: AuditAction | readonly AuditAction[],
  traits?: Readonly<Record<string, unknown>>,
  ip = '',
): Promise<void> {
  const entries = auditEntries(actor, actions, traits);
  logAudit(context, entries);
  if (!context.settings.auditWithoutPostgres) await insertAuditEntries(sql, entries, nowOf(context), ip);
}
