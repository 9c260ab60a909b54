import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ServiceError } from '#kernel/errors';
import type { RealtimeContext } from '../core/context.ts';
import { Session } from '../core/session.ts';
import { isRefusal, type Token } from '../core/token.ts';
import { errorBody, realtimeError } from '../errors.ts';
import type { Version } from '../wire/messages.ts';
import type { Transport } from '../wire/transport.ts';
import { policyHeaders } from './policy-headers.ts';

/** What handshakes are judged with. */
export interface UpgradeOptions {
  readonly context: RealtimeContext;
  readonly transport: Transport;
  /** The JWT that an opaque key stands for; other keys as they are. */
  readonly translateKey: (key: string) => string;
}

/** `GET /socket/websocket`: opens a socket, or refuses with a JSON body (spec §1.1). */
export async function upgrade(
  options: UpgradeOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  // The client may go away while its token is looked at.
  const ignore = () => {};
  socket.on('error', ignore);
  try {
    const { version, token } = await judge(options, request);
    const headers = policyHeaders(request.headers);
    if (socket.destroyed) return;
    options.transport.accept(request, socket, head, (connection) => {
      connection.listener = new Session(options.context, connection, { version, token, headers });
    });
  } catch (error) {
    const { log, metrics } = options.context;
    const known = error instanceof ServiceError ? error : undefined;
    if (!known) {
      metrics.counters.errors++;
      log.error({ err: error }, 'a handshake failed');
    }
    refuse(socket, known ?? realtimeError('connect_failed', { cause: error }));
  } finally {
    socket.off('error', ignore);
  }
}

async function judge(
  { context, translateKey }: UpgradeOptions,
  request: IncomingMessage,
): Promise<{ readonly version: Version; readonly token: Token }> {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const version = versionOf(searchParams.get('vsn') ?? '1.0.0');
  if (version === undefined) throw realtimeError('protocol_unknown');
  if (!context.isServing()) throw realtimeError('not_serving', { headers: { 'retry-after': '1' } });
  const header = request.headers['x-api-key'];
  const key = (Array.isArray(header) ? header[0] : header) ?? searchParams.get('apikey');
  if (!key) throw realtimeError('key_missing');
  const verdict = await context.judge.judge(translateKey(key));
  if (isRefusal(verdict)) throw realtimeError('token_refused', { message: verdict.atHandshake });
  const limits = context.limits();
  if (limits.suspended) throw realtimeError('suspended');
  const { users, rates } = context;
  if (limits.users > 0 && users.here + users.elsewhere() >= limits.users) throw realtimeError('too_many_users');
  if (rates.joins.reaches(limits.joins)) throw realtimeError('too_many_joins');
  return { version, token: verdict };
}

// `~> 1.0.0` and `~> 2.0.0`.
function versionOf(vsn: string): Version | undefined {
  if (/^1\.0\.\d+$/.test(vsn)) return 1;
  return /^2\.0\.\d+$/.test(vsn) ? 2 : undefined;
}

/** Answers a handshake while the room does not run. */
export const refuseUpgrade = (socket: Duplex): void =>
  refuse(socket, realtimeError('not_serving', { headers: { 'retry-after': '1' } }));

function refuse(socket: Duplex, error: ServiceError): void {
  if (!socket.writable) return;
  const body = JSON.stringify(errorBody(error) ?? {});
  const lines = [
    `HTTP/1.1 ${error.status} ${reasons[error.status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...Object.entries(error.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
