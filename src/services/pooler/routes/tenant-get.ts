import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Directory } from '../core/directory.ts';
import { poolerError } from '../errors.ts';

/** `GET /api/tenants/:id`, with a token of API_JWT_SECRET: the tenant as it is served; 404 where there is none. */
export function tenantRoute(directory: Directory) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { readonly id: string };
    await directory.learn();
    const found = directory.tenant(id);
    if (!found) throw poolerError('not_found');
    return reply.send({ data: found });
  };
}
