import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { poolerError } from '../errors.ts';

/**
 * `GET /api/tenants/:id/terminate`, with a token of API_JWT_SECRET: ends all its clients and server connections; new ones
 * are welcome at once.
 */
export function terminateRoute(tenantId: string, terminate: () => void) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if ((request.params as { readonly id: string }).id !== tenantId) throw poolerError('not_found');
    terminate();
    return reply.send({ result: 'ok' });
  };
}
