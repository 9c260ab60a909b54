import { requestNonce } from '../core/user/leave.ts';
import type { Route } from './route.ts';

export const reauthenticateGet: Route = {
  method: 'GET',
  path: '/reauthenticate',
  access: 'user',
  async handle(exchange, { user }) {
    await requestNonce(exchange.context, user);
    return { body: {} };
  },
};
