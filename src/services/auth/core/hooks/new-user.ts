import { randomUUID } from 'node:crypto';
import type { User } from '../../sql/rows.ts';
import type { AuthContext, Caller } from '../context.ts';
import type { Creation } from '../user/create.ts';
import { userView, type WireObject } from '../user-view.ts';

/**
 * Asks the application whether a user may be made. Called outside of transactions, and only for users that are new.
 *
 * @returns what to make the user from, with the id the application was told
 * @throws whatever the hook says
 */
export async function announceUser(context: AuthContext, caller: Caller, creation: Creation): Promise<Creation> {
  const announced = { ...creation, id: creation.id ?? randomUUID() };
  if (context.hooks.at('before_user_created') === undefined) return announced;
  await context.hooks.ask('before_user_created', { user: draftOf(announced) }, caller.ip);
  return announced;
}

/** Tells the application of a user that was made. Called after the commit. @throws whatever the hook says */
export async function reportUser(context: AuthContext, caller: Caller, user: User): Promise<void> {
  if (context.hooks.at('after_user_created') === undefined) return;
  await context.hooks.ask('after_user_created', { user: userView(user) }, caller.ip);
}

/** A user before there is one: no times, no role, no identities yet. */
function draftOf({ id, aud, email, phone, data, appMetadata, external }: Creation): WireObject {
  const provider = external?.provider ?? (email !== null ? 'email' : phone !== null ? 'phone' : undefined);
  return {
    id,
    aud,
    role: '',
    email: email ?? '',
    phone: phone ?? '',
    app_metadata: { ...(provider !== undefined && { provider, providers: [provider] }), ...appMetadata },
    user_metadata: data,
    identities: [],
    created_at: '0001-01-01T00:00:00Z',
    updated_at: '0001-01-01T00:00:00Z',
    is_anonymous: provider === undefined,
  };
}
