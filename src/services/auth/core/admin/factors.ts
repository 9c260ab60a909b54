import { authError } from '../../errors.ts';
import { deleteFactor, downgradeFactorSessions, renameFactor, setFactorPhone } from '../../sql/factors.ts';
import type { FactorRow, SessionRow, Sql, User } from '../../sql/rows.ts';
import { findUser } from '../../sql/users.ts';
import { normalisePhone } from '../addresses.ts';
import { type Actor, audit } from '../audit.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { notifyUser } from '../mail/letters.ts';
import { assertNotStranding } from '../mfa/recovery-codes.ts';

/** A user's factor by its id. @throws mfa_factor_not_found */
export function factorOf(user: User, factorId: string): FactorRow {
  const factor = user.factors.find(({ id }) => id === factorId);
  if (!factor) throw authError('mfa_factor_not_found');
  return factor;
}

/**
 * Removes a factor; sessions proved by it lose the level it gave them.
 *
 * @param by the user, or an admin
 * @param check may refuse, in the same transaction
 */
export async function removeFactor(
  context: AuthContext,
  by: { readonly actor: Actor; readonly action: 'factor_deleted' | 'factor_unenrolled'; readonly ip: string },
  user: User,
  factor: FactorRow,
  check?: (sql: Sql) => Promise<void>,
): Promise<void> {
  await context.db.transaction(async (sql) => {
    await check?.(sql);
    const traits = { user_id: user.id, factor_id: factor.id, factor_status: factor.status };
    await audit(context, sql, by.actor, by.action, traits, by.ip);
    await downgradeFactorSessions(sql, factor.id, factor.factor_type, nowOf(context));
    await deleteFactor(sql, factor.id, user.id);
  });
  if (factor.status === 'verified')
    await notifyUser(context, user, 'mfa_factor_unenrolled_notification', { FactorType: factor.factor_type });
}

/** Removes a factor on the user's own behalf. @throws insufficient_aal, mfa_recovery_codes_sole_factor */
export async function unenroll(
  context: AuthContext,
  user: User,
  session: SessionRow | undefined,
  factor: FactorRow,
  ip: string,
): Promise<void> {
  if (factor.status === 'verified' && session?.aal !== 'aal2')
    throw authError('insufficient_aal', { status: 422, message: 'AAL2 required to unenroll verified factor' });
  await removeFactor(context, { actor: user, action: 'factor_unenrolled', ip }, user, factor, (sql) =>
    assertNotStranding(context, sql, user, factor),
  );
}

/** Gives a factor another name or phone number; empty texts change nothing. @returns the factor as it is then */
export async function rename(
  context: AuthContext,
  actor: Actor,
  user: User,
  factor: FactorRow,
  { name, phone, ip }: { readonly name: string; readonly phone: string; readonly ip: string },
): Promise<FactorRow> {
  const number = phone !== '' && factor.factor_type === 'phone' ? normalisePhone(phone) : undefined;
  await context.db.transaction(async (sql) => {
    if (name !== '') await renameFactor(sql, factor.id, user.id, name, nowOf(context));
    if (number !== undefined) await setFactorPhone(sql, factor.id, user.id, number, nowOf(context));
    const traits = { user_id: user.id, factor_id: factor.id, factor_type: factor.factor_type };
    await audit(context, sql, actor, 'factor_updated', traits, ip);
  });
  const fresh = await findUser(context.db, user.id);
  return fresh ? factorOf(fresh, factor.id) : factor;
}
