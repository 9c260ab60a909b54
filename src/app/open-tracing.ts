import type { Logger } from '#kernel/log';
import { openTracer, type Tracer } from '#kernel/trace';
import { otlpPairs } from './otlp-pairs.ts';
import type { StackSettings } from './settings.ts';
import { collectorBase } from './trace-settings.ts';

/** The traces of a stack, with the life they have of their own. */
export interface OpenedTracing {
  /** Undefined where nothing is traced. */
  readonly tracer: () => Tracer | undefined;
  start(): Promise<void>;
  /** Sends what waits. */
  stop(): Promise<void>;
}

/** Opens nothing, and loads nothing, unless settings ask for traces. */
export function openTracing(settings: StackSettings, log: Logger): OpenedTracing {
  const { otlpEndpoint, otlpTracesEndpoint } = settings;
  const isOn = settings.tracing ?? (otlpEndpoint !== undefined || otlpTracesEndpoint !== undefined);
  const url = otlpTracesEndpoint ?? `${collectorBase(settings)}/v1/traces`;
  let tracer: Tracer | undefined;
  return {
    tracer: () => tracer,
    async start() {
      if (!isOn) return;
      tracer = await openTracer({
        url,
        headers: otlpPairs(settings.otlpHeaders),
        resource: { ...otlpPairs(settings.resourceAttributes), 'service.name': settings.serviceName },
        ratio: settings.traceRatio,
        queue: settings.traceQueue,
        timeout: settings.otlpTimeout,
        onFailure: (error) => log.warn({ url, reason: error?.message }, 'the collector does not take traces'),
      });
      log.info({ url }, 'requests are traced');
    },
    async stop() {
      const closing = tracer;
      tracer = undefined;
      await closing?.close().catch((error: unknown) => log.warn({ err: error }, 'the last traces were not sent'));
    },
  };
}
