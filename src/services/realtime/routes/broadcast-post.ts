import type { FastifyInstance, FastifyReply, FastifyRequest } from '#kernel/http';
import type { Asker } from '../core/access/access.ts';
import type { RoomMessage } from '../core/fanout.ts';
import { parseBatch } from '../core/parse-batch.ts';
import { broadcastBatch, broadcastOne } from '../core/rest-broadcast.ts';
import { realtimeError } from '../errors.ts';
import { assertTenant } from './assert-tenant.ts';
import { callerOf } from './caller.ts';
import { allowAnyOrigin, preflight } from './cross-origin.ts';
import type { HttpOptions } from './http-options.ts';
import { jsonOf } from './json-of.ts';
import { policyHeaders } from './policy-headers.ts';

/** `POST /api/broadcast` and `POST /api/broadcast/:topic/events/:event` (spec §3.2). */
export function broadcastPost(app: FastifyInstance, options: HttpOptions): void {
  const { context, translateKey } = options;
  const senderOf = async (request: FastifyRequest): Promise<Asker> => ({
    token: await callerOf(request.headers, context.judge, translateKey),
    headers: policyHeaders(request.headers),
    reqId: request.id,
  });

  app.options('/api/broadcast', preflight);
  app.options('/api/broadcast/:topic/events/:event', preflight);

  app.post('/api/broadcast', async (request, reply) => {
    allowAnyOrigin(request, reply);
    countRequest(context);
    const sender = await senderOf(request);
    assertTenant(context.limits());
    const parsed = parseBatch(jsonOf(request.body), String(request.body), context.limits().payload);
    if ('problems' in parsed) throw realtimeError('invalid', { details: parsed.problems });
    await broadcastBatch(context, parsed.messages, sender);
    return accepted(options, reply);
  });

  app.post<{ Params: { topic: string; event: string }; Querystring: { private?: string } }>(
    '/api/broadcast/:topic/events/:event',
    async (request, reply) => {
      allowAnyOrigin(request, reply);
      countRequest(context);
      const sender = await senderOf(request);
      assertTenant(context.limits());
      const message = messageOf(request, context.limits().payload);
      const room = { isPrivate: request.query.private === 'true', name: request.params.topic };
      await broadcastOne(context, room, message, sender);
      return accepted(options, reply);
    },
  );
}

/** Requests have the limit of events, and a rate of their own. */
function countRequest(context: HttpOptions['context']): void {
  const { rates, limits } = context;
  rates.requests.add(1);
  if (rates.requests.reaches(limits().events))
    throw realtimeError('too_many_requests', { headers: rateHeaders(context) });
}

/** How much of the limit is used (spec §3.2). */
function rateHeaders({ limits, rates }: HttpOptions['context']): Record<string, string> {
  const { events } = limits();
  const { average } = rates.requests;
  return {
    'x-rate-rolling': String(average),
    'x-rate-limit': String(events),
    'x-rate-limit-remaining': String(Math.max(0, Math.floor(events - average))),
  };
}

function messageOf(request: FastifyRequest<{ Params: { event: string } }>, maxPayload: number): RoomMessage {
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/octet-stream') throw realtimeError('media_type');
  const payload = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const isJson = type === 'application/json';
  if (isJson) jsonOf(payload);
  if (payload.length > maxPayload + 500)
    throw realtimeError('invalid', { details: { payload: ['Payload size exceeds tenant limit'] } });
  return { kind: 'user', event: request.params.event, metadata: '', encoding: isJson ? 'json' : 'raw', payload };
}

const accepted = ({ context }: HttpOptions, reply: FastifyReply): FastifyReply =>
  reply.code(202).headers(rateHeaders(context)).send();
