import type { IncomingMessage } from 'node:http';
import { requestContext } from '#kernel/http';
import type { RealtimeContext } from '../core/context.ts';
import type { Handshake } from '../core/session.ts';
import { isRefusal } from '../core/token.ts';
import { realtimeError } from '../errors.ts';
import type { Version } from '../wire/messages.ts';
import { policyHeaders } from './policy-headers.ts';

/** What handshakes are judged with. */
export interface HandshakeOptions {
  readonly context: RealtimeContext;
  /** The JWT that an opaque key stands for; other keys as they are. */
  readonly translateKey: (key: string) => string;
}

/**
 * Judges whether somebody may open a socket: protocol, key and limits (spec §1.1).
 *
 * @throws ServiceError what the answer is when not
 */
export async function judgeHandshake(
  { context, translateKey }: HandshakeOptions,
  request: IncomingMessage,
): Promise<Handshake> {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const version = versionOf(searchParams.get('vsn') ?? '1.0.0');
  if (version === undefined) throw realtimeError('protocol_unknown');
  if (!context.isServing()) throw realtimeError('not_serving', { headers: { 'retry-after': '1' } });
  const header = request.headers['x-api-key'];
  const key = (Array.isArray(header) ? header[0] : header) ?? searchParams.get('apikey');
  if (!key) throw realtimeError('key_missing');
  const limits = context.limits();
  if (limits.removed) throw realtimeError('tenant_not_found');
  const verdict = await context.judge.judge(translateKey(key));
  if (isRefusal(verdict)) throw realtimeError('token_refused', { message: verdict.atHandshake });
  if (limits.suspended) throw realtimeError('suspended');
  const { users, rates } = context;
  if (limits.users > 0 && users.here + users.elsewhere() >= limits.users) throw realtimeError('too_many_users');
  if (rates.joins.reaches(limits.joins)) throw realtimeError('too_many_joins');
  return { version, token: verdict, headers: policyHeaders(request.headers), reqId: requestContext(request).id };
}

// `~> 1.0.0` and `~> 2.0.0`.
function versionOf(vsn: string): Version | undefined {
  if (/^1\.0\.\d+$/.test(vsn)) return 1;
  return /^2\.0\.\d+$/.test(vsn) ? 2 : undefined;
}
