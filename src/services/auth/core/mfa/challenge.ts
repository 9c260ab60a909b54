import { randomUUID } from 'node:crypto';
import { authError } from '../../errors.ts';
import { insertChallenge } from '../../sql/challenges.ts';
import type { FactorRow, Metadata, User } from '../../sql/rows.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { instantAt } from '../instant.ts';
import { assertPause } from '../one-time/frequency.ts';
import type { WireObject } from '../user-view.ts';

/** Where a request came from that named no address. */
const nowhere = '0.0.0.0';

/** The address a challenge is bound to. */
export const addressOf = (caller: Caller): string => caller.ip ?? nowhere;

/** A challenge as it is noted. */
export interface OpenedChallenge {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly expires_at: number;
}

/**
 * Opens a challenge to a factor, bound to the caller's address.
 *
 * @param facts what the answer will be checked against
 * @throws over_sms_send_rate_limit when the pause is not over
 */
export async function openChallenge(
  context: AuthContext,
  caller: Caller,
  user: User,
  factor: FactorRow,
  facts: {
    readonly otpCode?: string;
    readonly sessionData?: Metadata;
    /** Least time since the challenge before, in milliseconds. */
    readonly pause?: number;
  } = {},
): Promise<OpenedChallenge> {
  const id = randomUUID();
  const now = context.clock.now();
  await context.db.transaction(async (sql) => {
    const { pause, otpCode, ...others } = facts;
    const stored = { ...others, ...(otpCode !== undefined && { otpCode: context.columns.seal(id, otpCode) }) };
    const notSince = pause === undefined ? null : instantAt(now - pause);
    const challenge = { id, factorId: factor.id, ip: addressOf(caller), ...stored };
    if (!(await insertChallenge(sql, challenge, nowOf(context), notSince))) {
      assertPause(factor.last_challenged_at, pause ?? 0, now, 'over_sms_send_rate_limit');
      throw authError('over_sms_send_rate_limit');
    }
    const traits = { factor_id: factor.id, factor_status: factor.status };
    await audit(context, sql, user, 'challenge_created', traits, caller.ip ?? '');
  });
  return { id, expires_at: Math.floor((now + context.settings.mfaChallengeExpiry) / 1_000) };
}

/** Challenges an authenticator app. */
export async function challengeTotp(
  context: AuthContext,
  caller: Caller,
  user: User,
  factor: FactorRow,
): Promise<WireObject> {
  const { id, expires_at } = await openChallenge(context, caller, user, factor);
  return { id, type: 'totp', expires_at };
}
