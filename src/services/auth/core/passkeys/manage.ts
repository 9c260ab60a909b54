import { invalid } from '../../errors.ts';
import { deletePasskey, findPasskey, findPasskeys, type PasskeyRow, renamePasskey } from '../../sql/passkeys.ts';
import type { User } from '../../sql/rows.ts';
import { type Actor, audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import type { FactorHolder } from '../mfa/access.ts';
import type { WireObject } from '../user-view.ts';
import { isUuid } from '../uuid.ts';
import { assertMayManage, assertPasskeys, passkeyView } from './access.ts';

/** Characters of a passkey's name at most. */
const nameLimit = 120;

/** The passkeys of a user. */
export async function listPasskeys(context: AuthContext, user: User): Promise<WireObject[]> {
  assertPasskeys(context);
  return (await findPasskeys(context.db, user.id)).map(passkeyView);
}

/** @throws validation_failed, 404, for ids that are none or nobody's */
async function passkeyOf(context: AuthContext, user: User, id: string): Promise<PasskeyRow> {
  const passkey = isUuid(id) ? await findPasskey(context.db, id, user.id) : undefined;
  if (!passkey) throw invalid('Passkey not found', 404);
  return passkey;
}

/** Gives a passkey another name. @returns the passkey as it is then */
export async function nameAnew(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  id: string,
  name: string,
): Promise<WireObject> {
  assertMayManage(context, holder);
  const { user } = holder;
  const passkey = await passkeyOf(context, user, id);
  if (name.trim() === '') throw invalid('friendly_name is required');
  if ([...name].length > nameLimit) throw invalid(`friendly_name must be ${nameLimit} characters or less`);
  await context.db.transaction(async (sql) => {
    await renamePasskey(sql, passkey.id, user.id, name, nowOf(context));
    await audit(context, sql, user, 'passkey_updated', { passkey_id: passkey.id }, caller.ip ?? '');
  });
  return passkeyView({ ...passkey, friendly_name: name });
}

/** Removes a passkey on its owner's behalf. */
export async function removeOwnPasskey(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  id: string,
): Promise<void> {
  assertMayManage(context, holder);
  await remove(context, holder.user, holder.user, id, caller.ip);
}

/** Removes a user's passkey on an admin's behalf. */
export async function removePasskeyByAdmin(
  context: AuthContext,
  actor: Actor,
  user: User,
  id: string,
  ip: string | null,
): Promise<void> {
  assertPasskeys(context);
  await remove(context, actor, user, id, ip);
}

async function remove(context: AuthContext, actor: Actor, user: User, id: string, ip: string | null): Promise<void> {
  const passkey = await passkeyOf(context, user, id);
  await context.db.transaction(async (sql) => {
    await deletePasskey(sql, passkey.id, user.id);
    await audit(context, sql, actor, 'passkey_deleted', { user_id: user.id, passkey_id: passkey.id }, ip ?? '');
  });
}
