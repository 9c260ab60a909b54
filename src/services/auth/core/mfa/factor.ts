import type { FactorRow, User } from '../../sql/rows.ts';
import type { BodyFields } from '../body-fields.ts';
import type { AuthContext, Caller } from '../context.ts';
import type { SignedIn } from '../session/issue.ts';
import type { WireObject } from '../user-view.ts';
import { assertChallenged, assertMayVerify, type FactorHolder } from './access.ts';
import { challengeTotp } from './challenge.ts';
import { challengeKey, verifyKey } from './key-factor.ts';
import { challengePhone, verifyPhoneFactor } from './phone-factor.ts';
import { verifyTotp } from './totp-factor.ts';

/** Asks a factor to prove itself, each type in its way. @param fields body of the request */
export async function challengeFactor(
  context: AuthContext,
  caller: Caller,
  user: User,
  factor: FactorRow,
  fields: BodyFields,
): Promise<WireObject> {
  const { factor_type: type } = factor;
  assertChallenged(type);
  assertMayVerify(context, type);
  switch (type) {
    case 'totp':
      return challengeTotp(context, caller, user, factor);
    case 'phone':
      return challengePhone(context, caller, user, factor, fields.text('channel'));
    case 'webauthn':
      return challengeKey(context, caller, user, factor);
  }
}

/** Takes what a factor proves itself with, and raises the session by it. @param fields body of the request */
export async function verifyFactor(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  factor: FactorRow,
  fields: BodyFields,
): Promise<SignedIn> {
  const { factor_type: type } = factor;
  assertChallenged(type);
  assertMayVerify(context, type);
  const challengeId = fields.text('challenge_id');
  switch (type) {
    case 'totp':
      return verifyTotp(context, caller, holder, factor, { challengeId, code: fields.text('code') });
    case 'phone':
      return verifyPhoneFactor(context, caller, holder, factor, { challengeId, code: fields.text('code') });
    case 'webauthn':
      return verifyKey(context, caller, holder, factor, { challengeId, answer: fields.object('webauthn') });
  }
}
