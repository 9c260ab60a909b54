import { authError } from '../errors.ts';
import type { Answer, Exchange } from './exchange.ts';

/** `POST /token?grant_type=web3`: answers as upstream does when it is off. */
export function grantWeb3(_exchange: Exchange): Answer {
  throw authError('web3_provider_disabled');
}
