import { signInWithPassword } from '../core/sign-in.ts';
import type { Answer, Exchange } from './exchange.ts';

/** `POST /token?grant_type=password` */
export function grantPassword(exchange: Exchange): Promise<Answer> {
  const fields = exchange.fields();
  return signInWithPassword(exchange.context, exchange.caller(), {
    email: fields.text('email'),
    phone: fields.text('phone'),
    password: fields.text('password'),
  });
}
