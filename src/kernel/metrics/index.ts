export { counter, gauge, type Labels, type MetricFamily, mergeFamilies, type Sample, withLabels } from './family.ts';
export {
  type Counter,
  createCounter,
  createHistogram,
  type Histogram,
  type InstrumentOptions,
} from './instruments.ts';
export { processFamilies } from './process-families.ts';
export { createMetricsSender, type MetricsSender, type MetricsSenderOptions } from './sender.ts';
export { metricsContentType, renderMetrics } from './text.ts';
