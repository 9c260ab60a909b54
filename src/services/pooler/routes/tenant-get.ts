import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Tenant } from '../core/tenant.ts';
import { poolerError } from '../errors.ts';

/** `GET /api/tenants/:id`, with a token of API_JWT_SECRET: the one tenant, as its settings make it; 404 for any other. */
export function tenantRoute(tenant: () => Tenant) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { readonly id: string };
    const found = tenant();
    if (id !== found.external_id) throw poolerError('not_found');
    return reply.send({ data: found });
  };
}
