import { createHash, timingSafeEqual } from 'node:crypto';
import { studioError } from '../errors.ts';
import { addAuditEntry, trimAudit } from '../sql/audit.ts';
import { type OperatorSecrets, operatorByName, useTotpStep } from '../sql/operators.ts';
import type { StudioContext } from './context.ts';
import { openSession } from './session.ts';

/** What somebody signs in with, and from where. */
export interface SignIn {
  readonly name: string;
  readonly password: string;
  /** Code of a second factor. */
  readonly code?: string | undefined;
  readonly address: string;
  readonly agent: string;
}

/**
 * Checks a name and a password, and a code where the account has a second factor.
 *
 * @returns the token of a new session
 * @throws ServiceError `too_many_attempts`, `wrong_credentials`, `code_needed`, `wrong_code`
 */
export async function signIn(context: StudioContext, given: SignIn): Promise<string> {
  const { db } = context;
  countAttempt(context, given);
  const operator = await operatorByName(db, given.name);
  if (!(await passwordFits(context, given.password, operator)) || !operator) {
    await noteSignIn(context, given, 'sign-in refused');
    throw studioError('wrong_credentials');
  }
  if (operator.totp) {
    if (!given.code) throw studioError('code_needed');
    if (!(await codeFits(context, operator, given.code))) {
      await noteSignIn(context, given, 'sign-in refused (code)');
      throw studioError('wrong_code');
    }
  }
  const token = await openSession(context, operator.id, given);
  await signedIn(context, given, 'sign-in');
  return token;
}

/** Who signs in, as the audit log has it. */
export type SignInNote = Pick<SignIn, 'name' | 'address'>;

/** Notes a signing in, or its refusal, in the audit log. */
export const noteSignIn = (
  { db, clock }: StudioContext,
  { name, address }: SignInNote,
  action: string,
): Promise<void> => addAuditEntry(db, { operator: name, action, target: '', address }, clock.now());

/** Notes a signing in, and forgets what the audit log had too long. */
export async function signedIn(context: StudioContext, who: SignInNote, action: string): Promise<void> {
  await noteSignIn(context, who, action);
  await trimAudit(context.db, context.clock.now() - context.settings.auditRetention);
}

/** Counts an attempt to sign in. @throws ServiceError `too_many_attempts` */
export function countAttempt(
  { attempts, settings, clock }: StudioContext,
  { name, address }: { readonly name?: string; readonly address: string },
): void {
  const now = clock.now();
  const wait = Math.max(
    attempts.count(`address ${address}`, settings.signInRate, now),
    // From many addresses at once a name is guessed no faster than this.
    name === undefined ? 0 : attempts.count(`name ${name.toLowerCase().slice(0, 200)}`, settings.signInRate * 3, now),
  );
  if (wait > 0) throw studioError('too_many_attempts', { headers: { 'retry-after': String(wait) } });
}

/**
 * Whether a password is an account's. The same work is done for every name, so that the clock does not tell which accounts
 * there are.
 */
export async function passwordFits(
  { ports, seal }: StudioContext,
  password: string,
  operator: OperatorSecrets | undefined,
): Promise<boolean> {
  const sealed = operator?.fromSettings ? null : operator?.password;
  const hash = (sealed && seal?.open(sealed)) ?? null;
  const byHash = (await ports.credentials()?.verifyPassword(password, hash)) ?? false;
  const bySettings = equal(password, ports.owner.password ?? '') && ports.owner.password !== undefined;
  return operator?.fromSettings ? bySettings : byHash;
}

/** Whether a code is the one of an account's second factor; a code counts once. */
export async function codeFits(context: StudioContext, operator: OperatorSecrets, code: string): Promise<boolean> {
  const { db, clock, ports, seal } = context;
  const secret = operator.totp && seal?.open(operator.totp);
  const step = secret ? ports.credentials()?.matchTotp(secret, code, operator.totpStep, clock.now()) : undefined;
  return step !== undefined && useTotpStep(db, operator.id, step);
}

function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
