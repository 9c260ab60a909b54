import { resend } from '../core/one-time/requests.ts';
import { challengeOf } from './exchange.ts';
import type { Route } from './route.ts';

/** `POST /resend`: sends a confirmation again. */
export const resendPost: Route = {
  method: 'POST',
  path: '/resend',
  access: 'public',
  limit: 'resend',
  captcha: true,
  async handle(exchange) {
    const fields = exchange.fields();
    const messageId = await resend(exchange.context, exchange.caller(), {
      type: fields.text('type'),
      email: fields.text('email'),
      phone: fields.text('phone'),
      challenge: challengeOf(fields),
    });
    return { body: messageId === undefined ? {} : { message_id: messageId } };
  },
};
