import { authError } from '../errors.ts';
import { passCaptcha } from './captcha.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { Route } from './route.ts';
import { grantIdToken } from './token-id-token.ts';
import { grantPassword } from './token-password.ts';
import { grantPkce } from './token-pkce.ts';
import { grantRefreshToken } from './token-refresh.ts';
import { grantWeb3 } from './token-web3.ts';

const grants: Readonly<Record<string, (exchange: Exchange) => Answer | Promise<Answer>>> = {
  password: grantPassword,
  refresh_token: grantRefreshToken,
  pkce: grantPkce,
  id_token: grantIdToken,
  web3: grantWeb3,
};

/** Grants for who has passed a captcha before, or a provider's checks. */
const withoutCaptcha: ReadonlySet<string> = new Set(['pkce', 'refresh_token', 'id_token']);

/** `POST /token?grant_type=`: hands out tokens for a password, a refresh token or a code. */
export const tokenPost = (limits: Limits): Route => ({
  method: 'POST',
  path: '/token',
  access: 'public',
  private: true,
  async handle(exchange) {
    const type = exchange.query.get('grant_type') ?? '';
    const grant = Object.hasOwn(grants, type) ? grants[type] : undefined;
    await limits.count(type === 'web3' ? 'web3' : 'token', exchange);
    if (!withoutCaptcha.has(type)) await passCaptcha(exchange);
    if (!grant) throw authError('invalid_credentials', { message: 'unsupported_grant_type' });
    return grant(exchange);
  },
});
