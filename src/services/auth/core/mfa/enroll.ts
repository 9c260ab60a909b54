import { randomUUID } from 'node:crypto';
import { authError, invalid } from '../../errors.ts';
import { deleteExpiredFactors, deleteFactor, insertFactor, type NewFactor } from '../../sql/factors.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { findUser, lockUser } from '../../sql/users.ts';
import { normalisePhone } from '../addresses.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { instantAt } from '../instant.ts';
import type { WireObject } from '../user-view.ts';
import { assertMayEnroll, type ChallengedType, type FactorHolder } from './access.ts';
import { newTotpSecret, totpUri } from './totp.ts';

/** What a user wants to add; absent texts are empty. */
export interface EnrollRequest {
  readonly type: string;
  readonly friendlyName: string;
  /** Name an authenticator app shows. */
  readonly issuer: string;
  readonly phone: string;
}

const types: readonly string[] = ['totp', 'phone', 'webauthn'];

/** Adds a second factor, which counts once it has been verified (GoTrue, "MFA"). */
export async function enroll(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  request: EnrollRequest,
): Promise<WireObject> {
  if (!types.includes(request.type)) throw invalid('factor_type needs to be totp, phone, or webauthn');
  const type = request.type as ChallengedType;
  assertMayEnroll(context, type);
  const phone = type === 'phone' ? readPhone(request.phone) : null;
  const secret = type === 'totp' ? newTotpSecret() : null;
  const factor: NewFactor = {
    id: randomUUID(),
    userId: holder.user.id,
    friendlyName: request.friendlyName,
    type,
    secret,
    phone,
  };
  const stored = { ...factor, secret: secret === null ? null : context.columns.seal(factor.id, secret) };
  await context.db.transaction((sql) => add(context, sql, caller, holder, stored));
  const { id, friendlyName: friendly_name } = factor;
  if (secret === null) return { id, type, friendly_name, ...(phone !== null && { phone }) };
  return { id, type, friendly_name, totp: await showSecret(context, holder.user, secret, request.issuer) };
}

function readPhone(phone: string): string {
  if (phone === '') throw invalid('Phone number required to enroll Phone factor');
  return normalisePhone(phone);
}

async function add(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  { user, session }: FactorHolder,
  factor: NewFactor,
): Promise<void> {
  const { settings } = context;
  await deleteExpiredFactors(sql, user.id, instantAt(context.clock.now() - settings.mfaFactorExpiry));
  // Of enrolments at the same time the later ones count the earlier ones, which a look before the lock would not show.
  await lockUser(sql, user.id);
  let factors = (await findUser(sql, user.id))?.factors ?? [];
  const samePhone = factor.phone === null ? undefined : factors.find(({ phone }) => phone === factor.phone);
  if (samePhone?.status === 'verified') throw authError('mfa_verified_factor_exists');
  if (samePhone) {
    await deleteFactor(sql, samePhone.id, user.id);
    factors = factors.filter(({ id }) => id !== samePhone.id);
  }
  const name = factor.friendlyName;
  if (factors.some(({ friendly_name }) => (friendly_name ?? '') === name))
    throw authError('mfa_factor_name_conflict', {
      message: `A factor with the friendly name ${JSON.stringify(name)} for this user already exists`,
    });
  const verified = factors.filter(({ status }) => status === 'verified').length;
  if (factors.length >= settings.mfaMaxEnrolled || verified >= settings.mfaMaxVerified)
    throw authError('too_many_enrolled_mfa_factors');
  if (verified > 0 && session?.aal !== 'aal2')
    throw authError('insufficient_aal', { status: 403, message: 'AAL2 required to enroll a new factor' });
  await insertFactor(sql, factor, nowOf(context));
  const traits = { factor_id: factor.id, factor_type: factor.type };
  await audit(context, sql, user, 'factor_in_progress', traits, caller.ip ?? '');
}

/** The secret in the three forms in which an authenticator app can take it. */
async function showSecret(context: AuthContext, user: User, secret: string, issuer: string): Promise<WireObject> {
  const { renderSVG } = await import('uqr');
  const uri = totpUri(secret, issuer || new URL(context.settings.siteUrl).host, user.email || user.phone || user.id);
  return { qr_code: renderSVG(uri), secret, uri };
}
