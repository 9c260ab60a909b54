import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Directory } from '../core/directory.ts';
import { poolerError } from '../errors.ts';

/**
 * `GET /api/tenants/:id/terminate`, with a token of API_JWT_SECRET: ends all its clients and server connections; new ones
 * are welcome at once.
 */
export function terminateRoute(directory: Directory, terminate: (tenant: string) => void) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { readonly id: string };
    if (!directory.tenant(id)) throw poolerError('not_found');
    terminate(id);
    return reply.send({ result: 'ok' });
  };
}
