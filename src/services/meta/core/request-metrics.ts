import { createHistogram, type MetricFamily } from '#kernel/metrics';

/** Times of the room's requests. */
export interface RequestMetrics {
  /** @param route its pattern, e.g. `/tables/:id` */
  observe(method: string, route: string, status: number, seconds: number): void;
  /** With the name and buckets that postgres-meta has. */
  families(): readonly MetricFamily[];
}

/** Creates the metrics, all at zero. There are as many series as routes and statuses, which are few. */
export function createRequestMetrics(): RequestMetrics {
  const times = createHistogram(
    {
      name: 'http_request_duration_seconds',
      help: 'request duration in seconds',
      labels: ['method', 'route', 'status_code'],
    },
    [0.05, 0.1, 0.5, 1, 3, 5, 10],
  );
  return {
    observe: (method, route, status, seconds) => times.observe(seconds, method, route, String(status)),
    families: () => [times.family()],
  };
}
