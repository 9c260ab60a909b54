import { authError, invalid } from '../../errors.ts';
import type { Sql } from '../../sql/rows.ts';
import { findUserByPhone, findUserChangingPhone } from '../../sql/users.ts';
import { normaliseEmail, normalisePhone } from '../addresses.ts';
import type { AuthContext, Caller } from '../context.ts';
import { type SignedIn, signedIn, startSession } from '../session/issue.ts';
import { isCheckedElsewhere } from '../sms/deliver.ts';
import { applyProof, type Proof, proveByEmail, proveByHash, proveByPhone, settleProof } from './verify.ts';

/** A code, or a link's hash, that a client presents; absent texts are empty. */
export interface VerifyRequest {
  readonly type: string;
  readonly token: string;
  readonly tokenHash: string;
  readonly email: string;
  readonly phone: string;
  readonly redirectTo: string;
}

/** @throws validation_failed */
export function assertVerifiable(request: VerifyRequest): void {
  const { type, token, tokenHash, email, phone, redirectTo } = request;
  if (type === '') throw invalid('Verify requires a verification type');
  if (token === '' && tokenHash === '') throw invalid('Verify requires either a token or a token hash');
  if (token !== '' && tokenHash !== '') throw invalid('Verify requires either a token or a token hash');
  if (token !== '' && (email === '') === (phone === ''))
    throw invalid('Only an email address or phone number should be provided on verify');
  if (tokenHash !== '' && (email !== '' || phone !== '' || redirectTo !== ''))
    throw invalid('Only the token_hash and type should be provided');
}

/**
 * Checks a code and signs in whom it belongs to.
 *
 * @returns undefined after the first of two confirmations of a change of address
 */
export async function presentCode(
  context: AuthContext,
  caller: Caller,
  request: VerifyRequest,
): Promise<SignedIn | undefined> {
  assertVerifiable(request);
  const address = readAddress(request);
  const told = await askProvider(context, caller, request, address);
  const outcome = await context.db.transaction(async (sql) => {
    const proof = await prove(context, sql, caller, request, address, told);
    if (!proof) return 'wrong';
    const verified = await applyProof(context, sql, proof);
    if (verified.kind === 'half') return undefined;
    return { verified, grant: await startSession(context, sql, verified.user, 'otp', caller) };
  });
  // After the commit, since the wrong code is counted.
  if (outcome === 'wrong') throw authError('otp_expired', { message: 'Token has expired or is invalid' });
  if (!outcome) return undefined;
  await settleProof(context, outcome.verified);
  return signedIn(context, outcome.grant);
}

function readAddress({ email, phone }: VerifyRequest): string {
  if (phone !== '') return normalisePhone(phone);
  if (email === '') return '';
  try {
    return normaliseEmail(email);
  } catch (error) {
    throw authError('validation_failed', { status: 422, message: 'Invalid email format', cause: error });
  }
}

/**
 * Asks the provider about a code it made itself; not inside a transaction, and only about numbers somebody waits at.
 *
 * @returns undefined where codes are checked here
 */
async function askProvider(
  context: AuthContext,
  caller: Caller,
  { type, token, phone }: VerifyRequest,
  address: string,
): Promise<boolean | undefined> {
  if (phone === '' || token === '' || !isCheckedElsewhere(context, address)) return undefined;
  const find = type === 'phone_change' ? findUserChangingPhone : findUserByPhone;
  if (!(await find(context.db, address, caller.aud))) return false;
  return context.sms.check(address, plainCode(token));
}

// People copy codes with the dashes and blanks that messages set them in.
const plainCode = (token: string): string => token.replace(/[-\s]/g, '');

function prove(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  { type, token, tokenHash, phone }: VerifyRequest,
  address: string,
  told: boolean | undefined,
): Promise<Proof | undefined> {
  if (tokenHash !== '') return proveByHash(context, sql, type, tokenHash);
  const code = plainCode(token);
  return phone === ''
    ? proveByEmail(context, sql, type, address, code, caller.aud)
    : proveByPhone(context, sql, type, address, code, caller.aud, told);
}
