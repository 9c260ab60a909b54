import { boolean, duration, url } from '#kernel/config';

/** Settings of metrics that are sent, by OpenTelemetry's own names; where to besides stands among those of traces. */
export const metricSettings = {
  sendMetrics: boolean({
    name: 'STACK_METRICS_SEND',
    original: ['OTEL_METRICS_ENABLED'],
    help: 'Send the metrics of all services to an OpenTelemetry collector; default is whether OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is set, or GOTRUE_METRICS_ENABLED with GOTRUE_METRICS_EXPORTER=opentelemetry.',
  }),
  otlpMetricsEndpoint: url({
    name: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    protocols: ['http', 'https'],
    help: 'Where metrics go in place of /v1/metrics below OTEL_EXPORTER_OTLP_ENDPOINT.',
  }),
  metricsInterval: duration({
    name: 'OTEL_METRIC_EXPORT_INTERVAL',
    original: ['OTEL_METRICS_EXPORT_INTERVAL_MS'],
    default: 60_000,
    min: 100,
    bare: 'ms',
    help: 'Time from one sending of metrics to the next.',
  }),
};
