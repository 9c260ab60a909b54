import type { IncomingMessage } from 'node:http';
import { redactUrl } from '#kernel/log';
import type { RestSettings } from '../settings.ts';

/** What the log tells of an answer. */
export interface LoggedAnswer {
  readonly status: number;
  readonly bytes: number;
  /** Undefined: nobody was recognised. */
  readonly role: string | undefined;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

const leastStatus: Readonly<Record<RestSettings['accessLogLevel'], number>> = {
  crit: Number.POSITIVE_INFINITY,
  error: 500,
  warn: 400,
  info: 0,
  debug: 0,
};

/** Whether an answer is logged at a level (PostgREST 14 docs, "log-level"). */
export const isLogged = (level: RestSettings['accessLogLevel'], status: number): boolean =>
  status >= leastStatus[level];

/** A request in the combined log format of Apache; the user is the role. */
export function accessLine(request: IncomingMessage, { status, bytes, role, time }: LoggedAnswer): string {
  const { method, url, httpVersion, headers, socket } = request;
  const target = quoted(`${method} ${redactUrl(url ?? '')} HTTP/${httpVersion}`);
  const [referer, agent] = [quoted(headers.referer ?? ''), quoted(headers['user-agent'] ?? '')];
  return `${socket.remoteAddress ?? '-'} - ${role ?? '-'} [${clockText(time)}] "${target}" ${status} ${bytes} "${referer}" "${agent}"`;
}

const quoted = (text: string): string => text.replace(/["\\]/g, '\\$&');

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function clockText(time: number): string {
  const iso = new Date(time).toISOString();
  const month = months[Number(iso.slice(5, 7)) - 1];
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
