import type { FastifyInstance } from '#kernel/http';
import { SnapshotRefused, SnapshotUnavailable } from '../core/changes/snapshot.ts';
import { realtimeError } from '../errors.ts';
import { assertTenant } from './assert-tenant.ts';
import { callerOf } from './caller.ts';
import { allowAnyOrigin, preflight } from './cross-origin.ts';
import type { HttpOptions } from './http-options.ts';
import { jsonOf } from './json-of.ts';

/**
 * `POST /api/snapshot`, an extension of ours: rows of a published table as the caller may see them, and the position from which
 * `config.resume` goes on without a gap.
 */
export function snapshotPost(app: FastifyInstance, { context, translateKey }: HttpOptions): void {
  app.options('/api/snapshot', preflight);
  app.post('/api/snapshot', async (request, reply) => {
    allowAnyOrigin(request, reply);
    const { role, claims } = await callerOf(request.headers, context.judge, translateKey);
    assertTenant(context.limits());
    const { limit, after, ...entry } = fieldsOf(jsonOf(request.body));
    if (limit !== undefined && !(Number.isSafeInteger(limit) && (limit as number) > 0))
      throw realtimeError('snapshot_refused', { message: '`limit` has to be a positive integer' });
    if (after !== undefined && after !== null && typeof after !== 'string')
      throw realtimeError('snapshot_refused', { message: '`after` has to be the `next` of an earlier answer' });
    try {
      if (!context.feed) throw new SnapshotUnavailable('there is no feed');
      const { position, rows, next } = await context.feed.snapshot({
        role,
        claims,
        entry,
        ...(limit !== undefined && { limit: limit as number }),
        ...(typeof after === 'string' && { after }),
      });
      // The rows are JSON already; parsing them would cost digits.
      const body = `{"position":${JSON.stringify(position)},"rows":[${rows.join(',')}],"next":${JSON.stringify(next ?? null)}}`;
      return reply.type('application/json; charset=utf-8').send(body);
    } catch (error) {
      if (error instanceof SnapshotRefused) throw realtimeError('snapshot_refused', { message: error.message });
      if (!(error instanceof SnapshotUnavailable)) throw error;
      context.log.warn({ reqId: request.id, err: error }, 'a snapshot could not be read');
      throw realtimeError('changes_unavailable', { headers: { 'retry-after': '1' }, cause: error });
    }
  });
}

function fieldsOf(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw realtimeError('bad_json');
  return body as Record<string, unknown>;
}
