import { requestRecovery } from '../core/one-time/requests.ts';
import { challengeOf } from './exchange.ts';
import type { Route } from './route.ts';

/** `POST /recover`: sends a mail for setting a new password. */
export const recoverPost: Route = {
  method: 'POST',
  path: '/recover',
  access: 'public',
  limit: 'recover',
  captcha: true,
  async handle(exchange) {
    const fields = exchange.fields();
    await requestRecovery(exchange.context, exchange.caller(), fields.text('email'), challengeOf(fields));
    return { body: {} };
  },
};
