import { expect, it } from 'vitest';
import { createRequestMetrics } from './request-metrics.ts';

it('counts requests by route and status in buckets that include the smaller ones', () => {
  const metrics = createRequestMetrics();
  metrics.observe('GET', '/tables/:id', 200, 0.02);
  metrics.observe('GET', '/tables/:id', 200, 0.7);
  metrics.observe('GET', '/tables/:id', 404, 20);
  const lines = metrics.render().split('\n');
  const found = '{method="GET",route="/tables/:id",status_code="200"}';
  expect(lines).toContain(`http_request_duration_seconds_bucket{le="0.05",${found.slice(1)} 1`);
  expect(lines).toContain(`http_request_duration_seconds_bucket{le="1",${found.slice(1)} 2`);
  expect(lines).toContain(`http_request_duration_seconds_count${found} 2`);
  expect(lines).toContain(`http_request_duration_seconds_sum${found} 0.72`);
  const late = 'method="GET",route="/tables/:id",status_code="404"';
  expect(lines).toContain(`http_request_duration_seconds_bucket{le="10",${late}} 0`);
  expect(lines).toContain(`http_request_duration_seconds_bucket{le="+Inf",${late}} 1`);
});
