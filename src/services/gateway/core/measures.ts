import { createCounter, createHistogram, gauge, type MetricFamily } from '#kernel/metrics';

/** What is counted of requests at the edge. */
export interface Measures {
  /** @param route public prefix; `none` for a path without one */
  note(service: string, route: string, status: number, milliseconds: number): void;
  families(inFlight: number): readonly MetricFamily[];
}

/** Creates the measures, all at zero, under the names of Kong's Prometheus plugin. */
export function createMeasures(): Measures {
  const requests = createCounter({
    name: 'kong_http_requests_total',
    help: 'Requests by service, route and status',
    labels: ['service', 'route', 'code'],
  });
  const latency = createHistogram(
    {
      name: 'kong_request_latency_ms',
      help: 'Milliseconds from a request to the end of its answer',
      labels: ['service', 'route'],
    },
    [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000],
  );
  return {
    note(service, route, status, milliseconds) {
      requests.add(1, service, route, String(status));
      latency.observe(milliseconds, service, route);
    },
    families: (inFlight) => [
      requests.family(),
      latency.family(),
      gauge('kong_requests_in_flight', 'Requests that are being answered', inFlight),
    ],
  };
}
