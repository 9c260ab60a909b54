import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceError } from '#kernel/errors';
import { BodyError, readPackedBody, requestContext, sendJson } from '#kernel/http';
import type { Logger, LogRecord } from '#kernel/log';
import { vectorError } from '../errors.ts';

/** What the room's paths need. */
export interface HandlerOptions {
  readonly log: Logger;
  readonly isRunning: () => boolean;
  /** Undefined: events are not taken over HTTP. */
  readonly source?: HttpSource | undefined;
}

/** The way in for events of others. */
export interface HttpSource {
  /** The key that has to be sent. */
  readonly key: string;
  /** Bytes, unpacked. */
  readonly bodyLimit: number;
  readonly read: (text: string) => readonly LogRecord[];
  /** Fulfilled once they are safe. */
  readonly take: (records: readonly LogRecord[]) => Promise<void>;
}

/** `GET /health`, as Vector's own, and `POST /events` for events of others. */
export function createHandler(options: HandlerOptions) {
  const { source } = options;
  const expected = source && digest(source.key);

  function check(request: IncomingMessage): void {
    const { authorization = '' } = request.headers;
    const key = request.headers['x-api-key'] || authorization.replace(/^Bearer /i, '');
    if (!expected || typeof key !== 'string' || !timingSafeEqual(digest(key), expected))
      throw vectorError('unauthorized');
  }

  async function take(request: IncomingMessage, { bodyLimit, read, take: keep }: HttpSource): Promise<object> {
    check(request);
    const text = await readPackedBody(request, bodyLimit);
    const records = read(text.toString('utf8'));
    await keep(records);
    return { message: 'Logged!', events: records.length };
  }

  async function answer(request: IncomingMessage): Promise<object> {
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/health') {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw vectorError('method_not_allowed');
      if (!options.isRunning()) throw vectorError('not_ready');
      return { ok: true };
    }
    if (path !== '/events' || !source) throw vectorError('not_found');
    if (request.method !== 'POST') throw vectorError('method_not_allowed');
    if (!options.isRunning()) throw vectorError('not_ready');
    return take(request, source);
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(request).then(
      (body) => sendJson(response, 200, body),
      (thrown: unknown) => {
        request.resume();
        const error = asServiceError(thrown);
        if (error.status >= 500 && error.code === 'internal')
          options.log.error({ reqId: requestContext(request).id, err: thrown }, 'vector failed');
        sendJson(response, error.status, { error: error.message }, { ...error.headers });
      },
    );
  };
}

const bodyErrors = {
  'too-large': 'too_large',
  encoding: 'unsupported_encoding',
  malformed: 'bad_body',
  aborted: 'bad_body',
} as const;

function asServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  if (thrown instanceof BodyError) return vectorError(bodyErrors[thrown.reason]);
  return vectorError('internal');
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
