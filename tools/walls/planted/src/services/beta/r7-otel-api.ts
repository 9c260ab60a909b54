import { trace } from '@opentelemetry/api';

export const reached = trace;
