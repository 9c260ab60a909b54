import { presentCode } from '../core/one-time/code.ts';
import { halfwayMessage } from '../core/one-time/link.ts';
import type { Route } from './route.ts';

/** `POST /verify`: takes a code, or a link's hash, from a client. */
export const verifyPost: Route = {
  method: 'POST',
  path: '/verify',
  access: 'public',
  limit: 'verify',
  private: true,
  async handle(exchange) {
    const fields = exchange.fields();
    const signedIn = await presentCode(exchange.context, exchange.caller(), {
      type: fields.text('type'),
      token: fields.text('token'),
      tokenHash: fields.text('token_hash'),
      email: fields.text('email'),
      phone: fields.text('phone'),
      redirectTo: fields.text('redirect_to'),
    });
    return signedIn ?? { body: { msg: halfwayMessage, code: '200' } };
  },
};
