import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

export const reached = BasicTracerProvider;
