import type { IncomingHttpHeaders } from 'node:http';
import type { TokenJudge } from '../core/token.ts';
import { isRefusal, type Token } from '../core/token.ts';
import { realtimeError } from '../errors.ts';

/**
 * Whose request it is: the bearer token, or else the header `apikey` (spec §3.2).
 *
 * @throws ServiceError `unauthorized`
 */
export async function callerOf(
  headers: IncomingHttpHeaders,
  judge: TokenJudge,
  translateKey: (key: string) => string,
): Promise<Token> {
  const bearer = /^bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const given = bearer ?? [headers.apikey ?? ''].flat()[0];
  if (!given) throw realtimeError('unauthorized');
  const verdict = await judge.judge(translateKey(given));
  if (isRefusal(verdict)) throw realtimeError('unauthorized');
  return verdict;
}
