import { boolean, integer, oneOf, string } from '#kernel/config';

/** Settings of the metrics and profiles that the room offers on ports of their own. */
export const metricSettings = {
  metrics: boolean({
    name: 'GOTRUE_METRICS_ENABLED',
    default: false,
    help: 'Offer metrics, in the way of GOTRUE_METRICS_EXPORTER.',
  }),
  metricsExporter: oneOf({
    name: 'GOTRUE_METRICS_EXPORTER',
    values: ['opentelemetry', 'prometheus'],
    default: 'opentelemetry',
    help: 'prometheus: they are read at a port of their own; opentelemetry: they are sent to the collector of OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, with those of the other services.',
  }),
  metricsHost: string({
    name: 'OTEL_EXPORTER_PROMETHEUS_HOST',
    default: '127.0.0.1',
    help: 'Address of that port; whoever reaches it reads the metrics.',
  }),
  metricsPort: integer({
    name: 'OTEL_EXPORTER_PROMETHEUS_PORT',
    default: 9_100,
    min: 0,
    max: 65_535,
    help: 'Port of the metrics.',
  }),
  profiler: boolean({
    name: 'GOTRUE_PROFILER_ENABLED',
    default: false,
    help: "Offer profiles of this process, in pprof's format, at /debug/pprof/ of a port of their own.",
  }),
  profilerHost: string({
    name: 'GOTRUE_PROFILER_HOST',
    default: 'localhost',
    help: 'Address of that port; whoever reaches it can have profiles taken, which costs time.',
  }),
  profilerPort: integer({
    name: 'GOTRUE_PROFILER_PORT',
    default: 9_998,
    min: 0,
    max: 65_535,
    help: 'Port of the profiles.',
  }),
};
