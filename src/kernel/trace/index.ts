export { type Attributes, activeSpan, type Span, within } from './span.ts';
export { parseTraceParent, type TraceParent } from './traceparent.ts';
export { openTracer, type Tracer, type TracerOptions } from './tracer.ts';
