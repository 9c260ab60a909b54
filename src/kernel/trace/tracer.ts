import type { Attributes, Span } from './span.ts';
import { formatTraceParent, parseTraceParent } from './traceparent.ts';

/** Where traces go, and how many. */
export interface TracerOptions {
  /** OTLP over HTTP, e.g. `http://localhost:4318/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the spans have in common, `service.name` among it. */
  readonly resource: Attributes;
  /** Share of the traces begun here that are recorded, 0 to 1; those that a caller records are recorded as well. */
  readonly ratio: number;
  /** Spans that may wait to be sent; further ones are dropped. */
  readonly queue: number;
  /** Milliseconds that a request to the collector may take. */
  readonly timeout: number;
  /** Told when spans cannot be sent, once until they can again. */
  readonly onFailure: (error: Error | undefined) => void;
}

/** Begins traces, or goes on with those of callers. */
export interface Tracer {
  /** Begins the span of a request. @param traceparent header of the caller */
  begin(name: string, traceparent: unknown, attributes: Attributes): Span;
  /** Sends what waits, and ends. */
  close(): Promise<void>;
}

/** Opens a tracer. The libraries are loaded here, so that a program that traces nothing does without. */
export async function openTracer(options: TracerOptions): Promise<Tracer> {
  const [{ trace, ROOT_CONTEXT, SpanKind, SpanStatusCode }, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  type OtelSpan = ReturnType<ReturnType<typeof trace.getTracer>['startSpan']>;
  const sender = new OTLPTraceExporter({
    url: options.url,
    headers: { ...options.headers },
    timeoutMillis: options.timeout,
  });
  let failing = false;
  const processor = new sdk.BatchSpanProcessor(
    {
      export: (spans, done) =>
        sender.export(spans, (result) => {
          const fails = result.code !== 0;
          if (fails && !failing) options.onFailure(result.error);
          failing = fails;
          done(result);
        }),
      forceFlush: () => sender.forceFlush(),
      shutdown: () => sender.shutdown(),
    },
    {
      maxQueueSize: options.queue,
      maxExportBatchSize: Math.min(512, options.queue),
      scheduledDelayMillis: 1_000,
      exportTimeoutMillis: options.timeout,
    },
  );
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ ...options.resource }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(options.ratio) }),
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: 2_048, attributeCountLimit: 64 },
  });
  const tracer = provider.getTracer('pmoves-supabase');

  function wrap(inner: OtelSpan): Span {
    return {
      child: (name, kind, attributes) =>
        wrap(
          tracer.startSpan(
            name,
            { kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL, ...(attributes && { attributes }) },
            trace.setSpan(ROOT_CONTEXT, inner),
          ),
        ),
      set: (attributes) => void inner.setAttributes({ ...attributes }),
      end(failure) {
        if (failure !== undefined) inner.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        inner.end();
      },
      get traceparent() {
        const { traceId, spanId, traceFlags } = inner.spanContext();
        return formatTraceParent({ traceId, spanId, flags: traceFlags });
      },
    };
  }

  return {
    begin(name, header, attributes) {
      const caller = parseTraceParent(header);
      const parent = caller
        ? trace.setSpanContext(ROOT_CONTEXT, {
            traceId: caller.traceId,
            spanId: caller.spanId,
            traceFlags: caller.flags,
            isRemote: true,
          })
        : ROOT_CONTEXT;
      return wrap(tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent));
    },
    close: () => provider.shutdown(),
  };
}
