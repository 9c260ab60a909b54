import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Directory } from '../core/directory.ts';
import { poolerError } from '../errors.ts';

/** `GET /api/clusters/:alias`, with a token of API_JWT_SECRET: the cluster that was put, or 404. */
export function clusterRoute(directory: Directory) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { alias } = request.params as { readonly alias: string };
    await directory.learn();
    const found = directory.known.clusters.get(alias);
    if (!found) throw poolerError('not_found');
    return reply.send({ data: found });
  };
}
