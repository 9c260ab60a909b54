import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { poolerError } from '../errors.ts';

/**
 * `POST /api/tenants/:id/update_auth_credentials`, with a token of API_JWT_SECRET: forgets the stored passwords, which are
 * read from the database anew. There is nothing else to update, so the body is not looked at. 204, or 404.
 */
export function credentialsRoute(tenantId: string, forget: () => void) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if ((request.params as { readonly id: string }).id !== tenantId) throw poolerError('not_found');
    forget();
    return reply.code(204).send();
  };
}
