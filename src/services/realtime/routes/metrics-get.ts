import type { FastifyInstance } from '#kernel/http';
import { metricsContentType, renderMetrics } from '#kernel/metrics';
import { metricFamilies } from '../core/metric-families.ts';
import { realtimeError } from '../errors.ts';
import { bearerOf } from './bearer-of.ts';
import type { HttpOptions } from './http-options.ts';

/** `GET /metrics`, and the addresses later releases split it into: figures for Prometheus, for bearers of the metrics' secret. */
export function metricsGet(app: FastifyInstance, { context, settings, tenant }: HttpOptions): void {
  const isAllowed = bearerOf([settings.metricsSecret ?? settings.jwtSecret], settings.metricsBlocked, () =>
    context.clock.now(),
  );
  for (const path of ['/metrics', '/metrics/:region', '/tenant-metrics', '/tenant-metrics/:region'])
    app.get(path, async (request, reply) => {
      if (!(await isAllowed(request.headers))) throw realtimeError('admin_refused');
      return reply.type(metricsContentType).send(renderMetrics(metricFamilies(context, tenant.name)));
    });
}
