import { assertPasskeys } from '../core/passkeys/access.ts';
import { listPasskeys, removePasskeyByAdmin } from '../core/passkeys/manage.ts';
import { userInPath } from './admin-users.ts';
import type { Route } from './route.ts';

/** `GET /admin/users/{id}/passkeys`: the passkeys of a user. */
const adminPasskeysGet: Route = {
  method: 'GET',
  path: '/admin/users/:user_id/passkeys',
  access: 'admin',
  private: true,
  async handle(exchange) {
    assertPasskeys(exchange.context);
    return { body: await listPasskeys(exchange.context, await userInPath(exchange)) };
  },
};

/** `DELETE /admin/users/{id}/passkeys/{passkey_id}`: removes a passkey of a user. */
const adminPasskeyDelete: Route = {
  method: 'DELETE',
  path: '/admin/users/:user_id/passkeys/:passkey_id',
  access: 'admin',
  async handle(exchange, actor) {
    assertPasskeys(exchange.context);
    const user = await userInPath(exchange);
    await removePasskeyByAdmin(exchange.context, actor, user, exchange.parameter('passkey_id'), exchange.ip);
    return { status: 204 };
  },
};

/** Endpoints by which admins see and remove passkeys. */
export const adminPasskeyRoutes: readonly Route[] = [adminPasskeysGet, adminPasskeyDelete];
