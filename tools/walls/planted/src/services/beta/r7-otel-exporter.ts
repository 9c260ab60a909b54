import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';

export const reached = OTLPTraceExporter;
