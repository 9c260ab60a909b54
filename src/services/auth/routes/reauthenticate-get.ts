import { requestNonce } from '../core/user/leave.ts';
import type { Route } from './route.ts';

/** `GET /reauthenticate`: sends the nonce for changing a password. */
export const reauthenticateGet: Route = {
  method: 'GET',
  path: '/reauthenticate',
  access: 'user',
  private: true,
  async handle(exchange, { user }) {
    const messageId = await requestNonce(exchange.context, exchange.caller(), user);
    return { body: messageId === undefined ? {} : { message_id: messageId } };
  },
};
