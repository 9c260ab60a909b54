import { studioError } from '../errors.ts';
import {
  addOperator,
  type Operator,
  type OperatorSecrets,
  operatorById,
  removeOperator,
  setPassword,
  setRole,
  setTotp,
} from '../sql/operators.ts';
import { removePasskeys } from '../sql/passkeys.ts';
import { type Role, roles } from '../sql/role.ts';
import type { StudioContext } from './context.ts';
import { passwordFits } from './sign-in.ts';

const shortest = 12;
// bcrypt takes no more.
const longest = 72;

/** Adds an operator with a password of their own. @throws ServiceError `name_taken`, `weak_password`, … */
export async function createOperator(
  context: StudioContext,
  given: { readonly name: unknown; readonly role: unknown; readonly password: unknown },
): Promise<Operator> {
  const name = typeof given.name === 'string' ? given.name.trim() : '';
  if (!/^[^\p{Cc}]{1,100}$/u.test(name))
    throw studioError('invalid_request', { message: 'A name has 1 to 100 characters' });
  const password = await hashOf(context, given.password);
  const added = await addOperator(context.db, { name, role: roleOf(given.role), password }, context.settings.operators);
  if (added === 'taken') throw studioError('name_taken');
  if (added === 'too-many') throw studioError('too_many_operators');
  return added;
}

/** Changes the role or the password of another's account, or takes the second factor of any away. */
export async function changeOperator(
  context: StudioContext,
  id: string,
  change: { readonly role?: unknown; readonly password?: unknown; readonly secondFactor?: unknown },
): Promise<OperatorSecrets> {
  const { role, password, secondFactor } = change;
  if (secondFactor === false && role === undefined && password === undefined) {
    const known = await account(context, id);
    await setTotp(context.db, id, null, 0);
    return known;
  }
  const operator = await ownAccount(context, id);
  if (role !== undefined) await setRole(context.db, id, roleOf(role));
  if (password !== undefined) {
    await setPassword(context.db, id, await hashOf(context, password), null);
    // Whoever is locked out by it must not come back by another door.
    await removePasskeys(context.db, id);
  }
  return operator;
}

/** Changes the own password, ending all other sessions. */
export async function changeOwnPassword(
  context: StudioContext,
  session: { readonly id: string; readonly operatorId: string },
  given: { readonly current: unknown; readonly password: unknown },
): Promise<void> {
  const operator = await ownAccount(context, session.operatorId);
  if (!(await passwordFits(context, String(given.current ?? ''), operator))) throw studioError('wrong_credentials');
  await setPassword(context.db, operator.id, await hashOf(context, given.password), session.id);
}

/** Removes an account; its sessions end at once. */
export async function dropOperator(context: StudioContext, id: string): Promise<OperatorSecrets> {
  const operator = await ownAccount(context, id);
  await removeOperator(context.db, id);
  return operator;
}

// The account of the settings is changed where its credentials stand.
async function ownAccount(context: StudioContext, id: string): Promise<OperatorSecrets> {
  const operator = await account(context, id);
  if (operator.fromSettings) throw studioError('settings_account');
  return operator;
}

async function account({ db }: StudioContext, id: string): Promise<OperatorSecrets> {
  const operator = /^[0-9a-f-]{36}$/.test(id) ? await operatorById(db, id) : undefined;
  if (!operator) throw studioError('not_found');
  return operator;
}

function roleOf(value: unknown): Role {
  const role = roles.find((each) => each === value);
  if (!role) throw studioError('invalid_request', { message: `A role is one of ${roles.join(', ')}` });
  return role;
}

// Sealed: a role that can read every table must not come by hashes to guess at.
async function hashOf({ ports, seal }: StudioContext, password: unknown): Promise<Buffer> {
  if (typeof password !== 'string' || password.length < shortest) throw studioError('weak_password');
  if (Buffer.byteLength(password) > longest)
    throw studioError('weak_password', { message: `A password has at most ${longest} bytes` });
  const credentials = ports.credentials();
  if (!credentials || !seal) throw studioError('no_passwords');
  return seal.close(await credentials.hashPassword(password));
}
