import { refresh } from '../core/session/refresh.ts';
import type { Answer, Exchange } from './exchange.ts';

/** `POST /token?grant_type=refresh_token` */
export const grantRefreshToken = (exchange: Exchange): Promise<Answer> =>
  refresh(exchange.context, exchange.caller(), exchange.fields().text('refresh_token'));
