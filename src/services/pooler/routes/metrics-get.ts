import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { metricsContentType } from '#kernel/metrics';
import type { Directory } from '../core/directory.ts';

/** `GET /metrics` and `/metrics/:tenant`, with a token of METRICS_JWT_SECRET: the state in Prometheus' text format. */
export function metricsRoute(directory: Directory, render: (tenant?: string) => string) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { tenant } = request.params as { readonly tenant?: string };
    if (tenant !== undefined && !directory.tenant(tenant)) return reply.code(404).send();
    return reply.type(metricsContentType).send(render(tenant));
  };
}
