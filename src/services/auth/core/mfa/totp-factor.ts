import { authError, invalid } from '../../errors.ts';
import { findLastStep } from '../../sql/challenges.ts';
import { storeFactorSecret } from '../../sql/factors.ts';
import type { FactorRow, Sql } from '../../sql/rows.ts';
import type { AuthContext, Caller } from '../context.ts';
import type { SignedIn } from '../session/issue.ts';
import type { FactorHolder } from './access.ts';
import { matchTotp } from './totp.ts';
import { answerChallenge } from './verify.ts';

/** Checks the code of an authenticator app. A code is taken once, though it is shown for half a minute. */
export async function verifyTotp(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  factor: FactorRow,
  answer: { readonly challengeId: string; readonly code: string },
): Promise<SignedIn> {
  const { challengeId, code } = answer;
  if (code === '') throw invalid('Code needs to be non-empty');
  return answerChallenge(context, caller, holder, {
    factor,
    challengeId,
    failure: 'Invalid TOTP code entered',
    async check(sql, _challenge, { secret }) {
      if (secret === null) throw authError('unexpected_failure', { message: 'This factor has no secret' });
      const { plain, isStale } = context.columns.open(factor.id, secret);
      const step = matchTotp(plain.toString(), code, await findLastStep(sql, factor.id), context.clock.now());
      if (step === undefined) return { valid: false };
      const settle = (within: Sql) => storeFactorSecret(within, factor.id, context.columns.seal(factor.id, plain));
      return { valid: true, step, ...(isStale && { settle }) };
    },
  });
}
