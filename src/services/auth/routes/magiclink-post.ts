import { requestCode } from '../core/one-time/requests.ts';
import { invalid } from '../errors.ts';
import { challengeOf } from './exchange.ts';
import type { Route } from './route.ts';

/** The older name of `/otp`, for email alone. */
export const magiclinkPost: Route = {
  method: 'POST',
  path: '/magiclink',
  access: 'public',
  limit: 'magiclink',
  captcha: true,
  async handle(exchange) {
    const fields = exchange.fields();
    const email = fields.text('email');
    if (email === '') throw invalid('Password recovery requires an email', 422);
    await requestCode(exchange.context, exchange.caller(), {
      email,
      phone: '',
      createUser: true,
      data: fields.object('data') ?? {},
      challenge: challengeOf(fields),
      channel: '',
    });
    return { body: {} };
  },
};
