import { boolean, decimal, duration, integer, type SettingsOf, string, url } from '#kernel/config';

/** Settings of traces, by OpenTelemetry's own names (specification, "SDK environment variables"). */
export const traceSettings = {
  tracing: boolean({
    name: 'STACK_TRACING',
    original: ['GOTRUE_TRACING_ENABLED'],
    help: 'Send a trace of each request to an OpenTelemetry collector; default is whether OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set.',
  }),
  otlpEndpoint: url({
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    protocols: ['http', 'https'],
    help: 'Base URL of the collector (OTLP over HTTP); default http://localhost:4318.',
  }),
  otlpTracesEndpoint: url({
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    protocols: ['http', 'https'],
    help: 'Where traces go in place of /v1/traces below that base.',
  }),
  otlpHeaders: string({
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    secret: true,
    pattern: [/^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$/, 'must be name=value pairs with commas between'],
    help: 'Headers of requests to the collector: name=value, with commas between, values percent-encoded.',
  }),
  otlpTimeout: duration({
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    default: 10_000,
    min: 100,
    bare: 'ms',
    help: 'Time that a request to the collector may take.',
  }),
  serviceName: string({
    name: 'OTEL_SERVICE_NAME',
    original: ['GOTRUE_TRACING_SERVICE_NAME'],
    default: 'pmoves-supabase',
    help: 'Name of this service in traces and metrics.',
  }),
  resourceAttributes: string({
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    original: ['GOTRUE_TRACING_TAGS'],
    pattern: [/^[^=:,]+[=:][^,]*(,[^=:,]+[=:][^,]*)*$/, 'must be name=value pairs with commas between'],
    help: 'What all spans and metrics say besides: name=value (or name:value), with commas between.',
  }),
  traceRatio: decimal({
    name: 'OTEL_TRACES_SAMPLER_ARG',
    default: 1,
    min: 0,
    max: 1,
    help: 'Share of the traces begun here that are recorded; what a caller records is recorded anyway.',
  }),
  traceQueue: integer({
    name: 'OTEL_BSP_MAX_QUEUE_SIZE',
    default: 2_048,
    min: 1,
    max: 1_000_000,
    help: 'Spans that may wait to be sent; further ones are dropped.',
  }),
};

/** Base URL of the collector, where settings name none: the one that OpenTelemetry has for one beside the program. */
export const collectorBase = ({ otlpEndpoint }: Pick<SettingsOf<typeof traceSettings>, 'otlpEndpoint'>): string =>
  otlpEndpoint ?? 'http://localhost:4318';
