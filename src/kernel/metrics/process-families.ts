import { performance } from 'node:perf_hooks';
import { counter, gauge, type MetricFamily } from './family.ts';

/** What this process costs, under the names that Prometheus' client libraries give it. */
export function processFamilies(): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  return [
    counter('process_cpu_seconds_total', 'Processor time of the process in seconds', (user + system) / 1e6),
    gauge('process_resident_memory_bytes', 'Resident memory of the process in bytes', rss),
    gauge(
      'process_start_time_seconds',
      'Start time of the process since the epoch in seconds',
      Math.round(Date.now() / 1_000 - process.uptime()),
    ),
    gauge('nodejs_heap_size_total_bytes', 'Size of the heap in bytes', heapTotal),
    gauge('nodejs_heap_size_used_bytes', 'What is used of it, in bytes', heapUsed),
    gauge('nodejs_external_memory_bytes', 'Memory outside of the heap in bytes', external),
    gauge(
      'nodejs_eventloop_utilization',
      'Share of its time that the event loop was busy since the start, 0 to 1',
      performance.eventLoopUtilization().utilization,
    ),
  ];
}
