import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { parseCluster } from '../core/cluster-body.ts';
import type { Directory } from '../core/directory.ts';
import { poolerError } from '../errors.ts';

/**
 * `PUT /api/clusters/:alias`, with a token of API_JWT_SECRET: keeps a cluster of tenants, which `role.cluster.ALIAS` connects to
 * from now on: to the member that writes, and for reading transactions to those that read. 201 for a new one, 200 for one that
 * was there; 422 with what is wrong, members that are not there included.
 */
export function clusterPutRoute(directory: Directory) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { alias } = request.params as { readonly alias: string };
    const cluster = parseCluster(alias, request.body);
    if ('problems' in cluster) throw poolerError('invalid', { details: cluster.problems });
    await directory.learn();
    const unknown = cluster.cluster_tenants
      .map(({ tenant_external_id: id }) => id)
      .filter((id) => directory.tenant(id) === undefined);
    if (unknown.length > 0)
      throw poolerError('invalid', {
        details: { cluster_tenants: unknown.map((id) => `there is no tenant ${id}`) },
      });
    const isNew = !directory.known.clusters.has(alias);
    await directory.putCluster(cluster);
    return reply.code(isNew ? 201 : 200).send({ data: cluster });
  };
}
