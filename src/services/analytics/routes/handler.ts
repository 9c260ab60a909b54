import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceError } from '#kernel/errors';
import { BodyError, requestContext, sendJson } from '#kernel/http';
import type { Logger } from '#kernel/log';
import { analyticsError } from '../errors.ts';
import type { Access, Service } from './route.ts';
import { routes } from './table.ts';

/** What the room's paths need. */
export interface HandlerOptions {
  readonly log: Logger;
  readonly service: Service;
}

/** Answers the room's requests; errors as `{"error":…}`, as the original does. */
export function createHandler({ log, service }: HandlerOptions) {
  const { publicToken, privateToken } = service.settings;
  const granted = {
    private: privateToken === undefined ? undefined : digest(privateToken),
    public: publicToken === undefined ? undefined : digest(publicToken),
  };

  function check(access: Access, request: IncomingMessage, parameters: URLSearchParams): void {
    if (access === 'anyone') return;
    const sent = digest(keyOf(request, parameters));
    const isPrivate = granted.private !== undefined && timingSafeEqual(granted.private, sent);
    const isPublic = granted.public !== undefined && timingSafeEqual(granted.public, sent);
    if (!isPrivate && !(isPublic && access === 'public')) throw analyticsError('unauthorized');
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '/', method = 'GET' } = request;
    const mark = url.indexOf('?');
    const path = (mark < 0 ? url : url.slice(0, mark)).split('/').filter((part) => part !== '');
    const parameters = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const matching = routes.filter((route) => route.matches(path));
    const route = matching.find(
      ({ methods, isEndless }) =>
        methods.includes(method) || (method === 'HEAD' && !isEndless && methods.includes('GET')),
    );
    if (!route) throw analyticsError(matching.length > 0 ? 'method_not_allowed' : 'not_found');
    check(route.access, request, parameters);
    const body = await route.handle({ request, response, path, parameters, service });
    if (body !== undefined) sendJson(response, 200, body);
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((thrown: unknown) => {
      request.resume();
      const error = asServiceError(thrown);
      const reqId = requestContext(request).id;
      if (error.code === 'internal') log.error({ reqId, err: thrown }, 'analytics failed');
      sendJson(response, error.status, bodyOf(error), { ...error.headers });
    });
  };
}

function bodyOf({ code, message, details }: ServiceError): object {
  if (code === 'rejected') return { message: details };
  if (code === 'invalid') return { errors: details };
  if (code === 'not_ready' && details) return details as object;
  return { error: message };
}

// Where several are sent, the header that is named for it counts.
function keyOf({ headers }: IncomingMessage, parameters: URLSearchParams): string {
  const named = headers['x-api-key'];
  if (typeof named === 'string' && named !== '') return named;
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? parameters.get('api_key') ?? '';
}

const bodyErrors = {
  'too-large': 'too_large',
  encoding: 'unsupported_encoding',
  malformed: 'bad_body',
  aborted: 'bad_body',
} as const;

function asServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof BodyError) return analyticsError(bodyErrors[thrown.reason]);
  if (thrown instanceof ServiceError && thrown.status < 500) return thrown;
  if (thrown instanceof ServiceError && (thrown.code === 'not_ready' || thrown.code === 'no_reader')) return thrown;
  const { code = '' } = thrown as { code?: string };
  // The database is away, or busy with coming back: that passes.
  if (/^(ECONN|ENOENT|EPIPE|ETIMEDOUT|08|53|57P)/.test(code) || /Connection terminated/.test((thrown as Error).message))
    return analyticsError('not_ready', { headers: { 'retry-after': '1' } });
  return analyticsError('internal');
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
