import type { FastifyReply, FastifyRequest } from '#kernel/http';

/** What health asserts: name → whether it holds. */
export type HealthChecks = () => Promise<Readonly<Record<string, boolean>>>;

/** `GET|HEAD /api/health`, for anybody: 204, or 503 with the checks that failed. */
export function healthRoute(checks: HealthChecks, now: () => number) {
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const failed = Object.entries(await checks()).flatMap(([name, holds]) => (holds ? [] : [name]));
    if (failed.length === 0) return reply.code(204).send();
    return reply
      .code(503)
      .send({ status: 'unhealthy', timestamp: new Date(now()).toISOString(), failed_checks: failed });
  };
}
