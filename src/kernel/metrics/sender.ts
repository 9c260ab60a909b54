import type { Labels, MetricFamily } from './family.ts';
import { otlpRequest } from './otlp.ts';

/** Where metrics go, and how often. Times are in milliseconds. */
export interface MetricsSenderOptions {
  /** OTLP over HTTP, e.g. `http://localhost:4318/v1/metrics`. */
  readonly url: string;
  readonly headers: Labels;
  /** What all series have in common, `service.name` among it. */
  readonly resource: Labels;
  readonly interval: number;
  /** Time that a request to the collector may take. */
  readonly timeout: number;
  readonly collect: () => Promise<readonly MetricFamily[]>;
  /** Told when metrics cannot be sent, once until they can again. */
  readonly onFailure: (error: Error) => void;
}

/** Sends metrics to a collector. Each sending has the whole, so that one that fails loses nothing. */
export interface MetricsSender {
  start(): void;
  /** Sends the last ones, and ends. */
  stop(): Promise<void>;
}

/** Creates a sender; it begins with `start`, and keeps no program alive. */
export function createMetricsSender(options: MetricsSenderOptions): MetricsSender {
  const from = Date.now() - process.uptime() * 1_000;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let failing = false;
  // What a stop waits for is no longer than this, in milliseconds.
  const lastPatience = Math.min(options.timeout, 2_000);
  const stopping = new AbortController();

  async function send(signal: AbortSignal): Promise<void> {
    try {
      const body = JSON.stringify(otlpRequest(await options.collect(), options.resource, { from, to: Date.now() }));
      const response = await fetch(options.url, {
        method: 'POST',
        headers: { ...options.headers, 'content-type': 'application/json' },
        body,
        redirect: 'error',
        signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the collector answered ${response.status}`);
      failing = false;
    } catch (error) {
      if (!failing && !stopping.signal.aborted) options.onFailure(error as Error);
      failing = true;
    }
  }

  // One at a time: a collector that is slow is not to be asked more and more.
  const next = (): Promise<void> => {
    sending ??= send(AbortSignal.any([stopping.signal, AbortSignal.timeout(options.timeout)])).finally(() => {
      sending = undefined;
    });
    return sending;
  };

  return {
    start() {
      timer = setInterval(() => void next(), options.interval).unref();
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await sending;
      await send(AbortSignal.timeout(lastPatience));
    },
  };
}
