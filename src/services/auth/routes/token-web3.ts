import { signInWithWeb3 } from '../core/web3/sign-in.ts';
import type { Answer, Exchange } from './exchange.ts';

/** `POST /token?grant_type=web3` */
export function grantWeb3(exchange: Exchange): Promise<Answer> {
  const fields = exchange.fields();
  return signInWithWeb3(exchange.context, exchange.caller(), {
    chain: fields.text('chain'),
    message: fields.text('message'),
    signature: fields.text('signature'),
  });
}
