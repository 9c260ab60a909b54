import { ServiceError } from '#kernel/errors';
import {
  abortSignalOf,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  requestContext,
} from '#kernel/http';
import type { Published } from '../core/long-poll/answer.ts';
import { realtimeError } from '../errors.ts';
import { allowAnyOrigin } from './cross-origin.ts';
import { judgeHandshake } from './handshake.ts';
import type { HttpOptions } from './http-options.ts';

const path = '/socket/longpoll';

/**
 * `/socket/longpoll`: the transport of Phoenix for networks that let no WebSocket through. What the client is told stands
 * in the body's `status`; clients do not look at that of HTTP.
 */
export function longpoll(app: FastifyInstance, options: HttpOptions): void {
  const { context, polls } = options;

  app.route({
    method: 'GET',
    url: path,
    exposeHeadRoute: false,
    async handler(request, reply) {
      allowAnyOrigin(request, reply);
      const token = ticketOf(request);
      const signal = abortSignalOf(reply.raw);
      const { status, messages } = token === undefined ? noSession : await polls.poll(token, signal);
      if (status !== 410) return say(reply, { messages, status, token });
      return open(request, reply);
    },
  });

  app.post(path, async (request, reply) => {
    allowAnyOrigin(request, reply);
    const messages = messagesOf(request);
    const token = ticketOf(request);
    const status = token === undefined ? 410 : await polls.publish(token, messages);
    return say(reply, { status });
  });

  app.options(path, (request, reply) => {
    if (!requestContext(request.raw).viaGateway)
      reply.headers({
        'access-control-allow-origin': '*',
        'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '',
        'access-control-allow-methods': 'get, post, options',
        'access-control-max-age': '3600',
      });
    return reply.send('');
  });

  app.route({
    method: ['HEAD', 'PUT', 'PATCH', 'DELETE'],
    url: path,
    handler: (_request, reply) => reply.code(400).send(''),
  });

  /** A session begins: 410 tells the client to go on with the token. */
  async function open(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    try {
      const token = polls.open(await judgeHandshake(options, request.raw));
      if (token === undefined) throw realtimeError('too_many_polls', { headers: { 'retry-after': '1' } });
      return say(reply, { messages: [], status: 410, token });
    } catch (error) {
      const known = error instanceof ServiceError ? error : realtimeError('connect_failed', { cause: error });
      if (known.status === 500) {
        context.metrics.counters.errors++;
        context.log.error({ reqId: request.id, err: error }, 'a session of long polling could not be opened');
      }
      // 500 lets the client come back, which 403 does not.
      if (known.status < 500) return say(reply, { status: 403 });
      return say(reply.code(known.status).headers({ ...known.headers }), { status: 500 });
    }
  }
}

const noSession = { status: 410, messages: [] } as const;

function ticketOf({ query }: FastifyRequest): string | undefined {
  const { token } = query as { readonly token?: unknown };
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** One message, or as many as there are lines; a line that is no JSON is bytes as base64. @throws ServiceError `bad_json` */
function messagesOf({ body, headers }: FastifyRequest): Published[] {
  const text = Buffer.isBuffer(body) ? body.toString() : '';
  if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/x-ndjson') return [text];
  return text.split(/\r?\n/).map((line) => {
    if (line.startsWith('[') || line.startsWith('{')) return line;
    if (line.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(line)) throw realtimeError('bad_json');
    return Buffer.from(line, 'base64');
  });
}

function say(reply: FastifyReply, body: object): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .header('cache-control', 'max-age=0, private, must-revalidate')
    .send(JSON.stringify(body));
}
