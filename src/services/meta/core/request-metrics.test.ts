import { expect, it } from 'vitest';
import { renderMetrics } from '#kernel/metrics';
import { createRequestMetrics } from './request-metrics.ts';

it('counts requests by route and status in buckets that include the smaller ones', () => {
  const metrics = createRequestMetrics();
  metrics.observe('GET', '/tables/:id', 200, 0.02);
  metrics.observe('GET', '/tables/:id', 200, 0.7);
  metrics.observe('GET', '/tables/:id', 404, 20);
  const lines = renderMetrics(metrics.families()).split('\n');
  const found = 'method="GET",route="/tables/:id",status_code="200"';
  expect(lines).toContain(`http_request_duration_seconds_bucket{${found},le="0.05"} 1`);
  expect(lines).toContain(`http_request_duration_seconds_bucket{${found},le="1"} 2`);
  expect(lines).toContain(`http_request_duration_seconds_count{${found}} 2`);
  expect(lines).toContain(`http_request_duration_seconds_sum{${found}} 0.72`);
  const late = 'method="GET",route="/tables/:id",status_code="404"';
  expect(lines).toContain(`http_request_duration_seconds_bucket{${late},le="10"} 0`);
  expect(lines).toContain(`http_request_duration_seconds_bucket{${late},le="+Inf"} 1`);
});
