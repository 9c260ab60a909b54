import { exchangeCode } from '../core/sign-in.ts';
import type { Answer, Exchange } from './exchange.ts';

/** `POST /token?grant_type=pkce` */
export function grantPkce(exchange: Exchange): Promise<Answer> {
  const fields = exchange.fields();
  return exchangeCode(exchange.context, exchange.caller(), fields.text('auth_code'), fields.text('code_verifier'));
}
