import { type MetricFamily, metricsContentType, renderMetrics } from '#kernel/metrics';
import { storageError } from '../errors.ts';
import type { Route } from './route.ts';

/** `GET /metrics`, where settings offer it: for one's own monitoring on the room's own port, never through the gateway. */
export const metricsRoute = (families: () => readonly MetricFamily[]): Route => ({
  method: 'GET',
  path: '/metrics',
  access: 'open',
  operation: '',
  handle({ context, prefix }) {
    if (!context.settings.metrics || prefix !== '')
      throw storageError('NoSuchRoute', { message: 'Route GET:/metrics not found' });
    return { headers: { 'content-type': metricsContentType }, text: renderMetrics(families()) };
  },
});
