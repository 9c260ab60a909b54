import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Directory } from '../core/directory.ts';
import { poolerError } from '../errors.ts';

/**
 * `DELETE /api/tenants/:id`, with a token of API_JWT_SECRET: forgets what was put. The tenant of POOLER_TENANT_ID is served as
 * the settings say again. 204, or 404 where nothing was put.
 */
export function tenantDeleteRoute(directory: Directory) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { readonly id: string };
    if (!(await directory.removeTenant(id))) throw poolerError('not_found');
    return reply.code(204).send();
  };
}
