import { signOut } from '../core/user/leave.ts';
import type { Route } from './route.ts';

/** `POST /logout?scope=`: ends sessions. */
export const logoutPost: Route = {
  method: 'POST',
  path: '/logout',
  access: 'user',
  async handle(exchange, { user, session }) {
    await signOut(exchange.context, user, session, exchange.query.get('scope') ?? 'global');
    return { status: 204 };
  },
};
