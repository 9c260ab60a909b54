import { unlinkIdentity } from '../core/user/leave.ts';
import { isUuid } from '../core/uuid.ts';
import { authError, invalid } from '../errors.ts';
import type { Route } from './route.ts';

/** `DELETE /user/identities/{identity_id}`: takes a way to sign in away. */
export const identityDelete: Route = {
  method: 'DELETE',
  path: '/user/identities/:identity_id',
  access: 'user',
  async handle(exchange, { user }) {
    const id = exchange.parameter('identity_id');
    if (!exchange.context.settings.manualLinking) throw authError('manual_linking_disabled');
    if (!isUuid(id)) throw invalid('identity_id must be an UUID', 404);
    await unlinkIdentity(exchange.context, user, id, exchange.ip ?? '');
    return { body: {} };
  },
};
