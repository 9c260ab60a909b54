import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Directory } from '../core/directory.ts';
import { poolerError } from '../errors.ts';

/** `DELETE /api/clusters/:alias`, with a token of API_JWT_SECRET: forgets a cluster, not its members. 204, or 404. */
export function clusterDeleteRoute(directory: Directory) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { alias } = request.params as { readonly alias: string };
    if (!(await directory.removeCluster(alias))) throw poolerError('not_found');
    return reply.code(204).send();
  };
}
