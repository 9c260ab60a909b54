import { signUp, signUpAnonymously } from '../core/sign-up.ts';
import { authError } from '../errors.ts';
import { challengeOf } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { Route } from './route.ts';

/** `POST /signup`: signs somebody up, anonymously without an address. Each kind has a bucket of its own. */
export const signupPost = (limits: Limits): Route => ({
  method: 'POST',
  path: '/signup',
  access: 'public',
  captcha: true,
  private: true,
  async handle(exchange) {
    const { context } = exchange;
    const fields = exchange.fields();
    const [email, phone] = [fields.text('email'), fields.text('phone')];
    const data = fields.object('data') ?? {};
    if (email === '' && phone === '') {
      if (!context.settings.anonymousEnabled) throw authError('anonymous_provider_disabled');
      await limits.count('anonymous', exchange);
      return signUpAnonymously(context, exchange.caller(), data);
    }
    await limits.count('signup', exchange);
    const request = {
      email,
      phone,
      password: fields.text('password'),
      data,
      challenge: challengeOf(fields),
      channel: fields.text('channel'),
    };
    const result = await signUp(context, exchange.caller(), request);
    return result.kind === 'session' ? result.signedIn : { body: result.user };
  },
});
