import { type FastifyReply, type FastifyRequest, requestContext } from '#kernel/http';
import type { Verifier } from '#kernel/jwt';
import type { AuthContext } from '../core/context.ts';
import type { Metrics } from '../core/metrics.ts';
import { authError, renderError } from '../errors.ts';
import { passCaptcha } from './captcha.ts';
import { type Answer, adminOf, type Exchange, openExchange, permanentUserOf, userOf } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { Route } from './route.ts';

/** What routes are run with. */
export interface RunOptions {
  readonly context: AuthContext;
  readonly verifier: Verifier;
  readonly limits: Limits;
  /** Called after each write that succeeded. */
  readonly afterWrite: () => void;
  /** Told of every request. */
  readonly metrics: Pick<Metrics, 'note'>;
}

/** Answers one request by a route: who asks, how often, what they get; and not beyond the deadline. */
export async function runRoute(
  options: RunOptions,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const exchange = openExchange(options.context, options.verifier, request);
  const answer = await withDeadline(options.context.settings.requestDeadline, perform(options, route, exchange));
  if (route.method !== 'GET') options.afterWrite();
  if (route.private) reply.header('cache-control', 'no-store');
  return send(reply, answer);
}

async function perform({ limits }: RunOptions, route: Route, exchange: Exchange): Promise<Answer> {
  route.before?.(exchange);
  const count = async (): Promise<void> => {
    if (route.limit) await limits.count(route.limit, exchange);
  };
  if (route.access === 'public') {
    await count();
    if (route.captcha) await passCaptcha(exchange);
    return route.handle(exchange);
  }
  if (route.access === 'admin') return route.handle(exchange, await adminOf(exchange));
  const bearer = await (route.access === 'user' ? userOf(exchange) : permanentUserOf(exchange));
  await count();
  return route.handle(exchange, bearer);
}

async function withDeadline<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(authError('request_timeout')), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function send(reply: FastifyReply, { status = 200, body, text, headers = {} }: Answer): FastifyReply {
  reply.code(status).headers(headers);
  if (text !== undefined) return reply.send(text);
  if (body === undefined) return reply.send();
  return reply.header('content-type', 'application/json').send(JSON.stringify(body));
}

/** Answers an error in the shape the client asked for, and logs what is our own fault. */
export function sendError(
  context: AuthContext,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { id } = requestContext(request.raw);
  const version = request.headers['x-supabase-api-version'];
  const { status, headers, body } = renderError(thrown, typeof version === 'string' ? version : undefined, id);
  const { message, cause } = thrown as Error;
  if (status >= 500) context.log.error({ reqId: id, err: cause ?? thrown }, message);
  else context.log.debug({ reqId: id, status }, message);
  return send(reply, { status, headers, body });
}
