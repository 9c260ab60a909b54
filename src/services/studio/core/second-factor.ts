import { studioError } from '../errors.ts';
import { operatorById, setTotp } from '../sql/operators.ts';
import type { Caller } from './caller.ts';
import type { StudioContext } from './context.ts';
import { codeFits, passwordFits } from './sign-in.ts';

/** A new secret for an authenticator app. Nothing is kept until its first code came back. */
export function offerSecondFactor({ ports, seal }: StudioContext, { name }: Caller): { secret: string; uri: string } {
  const credentials = ports.credentials();
  if (!credentials || !seal) throw studioError('no_passwords');
  const secret = credentials.newTotpSecret();
  return { secret, uri: credentials.totpUri(secret, 'pmoves-supabase', name) };
}

/** Keeps a second factor once a code shows that the app has it; codes up to that one are used. */
export async function addSecondFactor(
  { db, clock, ports, seal }: StudioContext,
  operatorId: string,
  given: { readonly secret: unknown; readonly code: unknown },
): Promise<void> {
  const credentials = ports.credentials();
  if (!credentials || !seal) throw studioError('no_passwords');
  const { secret, code } = given;
  if (typeof secret !== 'string' || typeof code !== 'string' || !/^[A-Z2-7]{32}$/.test(secret))
    throw studioError('invalid_request');
  const step = credentials.matchTotp(secret, code, 0, clock.now());
  if (step === undefined) throw studioError('wrong_code');
  const operator = await operatorById(db, operatorId);
  if (operator?.totp) throw studioError('invalid_request', { message: 'There is a second factor already' });
  await setTotp(db, operatorId, seal.close(secret), step);
}

/** Removes the second factor of somebody who knows the password and has a code. */
export async function removeSecondFactor(
  context: StudioContext,
  operatorId: string,
  given: { readonly password: unknown; readonly code: unknown },
): Promise<void> {
  const operator = await operatorById(context.db, operatorId);
  if (!operator || !(await passwordFits(context, String(given.password ?? ''), operator)))
    throw studioError('wrong_credentials');
  if (operator.totp && !(await codeFits(context, operator, String(given.code ?? '')))) throw studioError('wrong_code');
  await setTotp(context.db, operatorId, null, 0);
}
