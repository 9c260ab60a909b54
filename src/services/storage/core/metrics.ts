import { createCounter, createHistogram, gauge, type MetricFamily } from '#kernel/metrics';
import type { PoolStats } from '#kernel/sql';

/** What is counted of requests and of what they did. */
export interface StorageMetrics {
  /** @param route pattern of the path, e.g. `/object/:bucket/*` */
  observe(method: string, route: string, status: number, milliseconds: number): void;
  /** @param type of an event, e.g. `ObjectCreated:Put` */
  happened(type: string): void;
  /** Under the names of the original, where it has them. */
  families(pool: PoolStats): readonly MetricFamily[];
}

/** Creates the metrics, all at zero. */
export function createStorageMetrics(): StorageMetrics {
  const times = createHistogram(
    {
      name: 'storage_api_http_request_duration_seconds',
      help: 'Duration of requests in seconds, until the answer was sent whole',
      labels: ['method', 'route', 'status_code'],
    },
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
  );
  const uploads = createCounter({ name: 'storage_api_upload_success', help: 'Objects that were stored' });
  const events = createCounter({ name: 'storage_api_events', help: 'What happened, by its type', labels: ['type'] });
  return {
    observe: (method, route, status, milliseconds) =>
      times.observe(milliseconds / 1_000, method, route, String(status)),
    happened(type) {
      events.add(1, type);
      if (type.startsWith('ObjectCreated')) uploads.add(1);
    },
    families: ({ open, idle, waiting, max }) => [
      times.family(),
      uploads.family(),
      events.family(),
      gauge('storage_api_db_connections', 'Connections to the database', open),
      gauge('storage_api_db_connections_in_use', 'Those that are at work', open - idle),
      gauge('storage_api_db_connections_waiting', 'Requests that wait for one', waiting),
      gauge('storage_api_db_pool', 'Connections at most', max),
    ],
  };
}
