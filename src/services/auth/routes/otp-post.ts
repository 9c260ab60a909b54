import { requestCode } from '../core/one-time/requests.ts';
import { challengeOf } from './exchange.ts';
import type { Route } from './route.ts';

/** `POST /otp`: sends a code that signs somebody in. */
export const otpPost: Route = {
  method: 'POST',
  path: '/otp',
  access: 'public',
  limit: 'otp',
  captcha: true,
  async handle(exchange) {
    const fields = exchange.fields();
    const messageId = await requestCode(exchange.context, exchange.caller(), {
      email: fields.text('email'),
      phone: fields.text('phone'),
      createUser: fields.flag('create_user', true),
      data: fields.object('data') ?? {},
      challenge: challengeOf(fields),
      channel: fields.text('channel'),
    });
    return { body: messageId === undefined ? {} : { message_id: messageId } };
  },
};
