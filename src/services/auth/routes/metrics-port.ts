import { type Listener, startListener } from '#kernel/http';
import { metricsContentType } from '#kernel/metrics';
import type { AuthSettings } from '../settings.ts';

/** A hold on the port; the last one to let go closes it. */
export interface MetricsHold {
  readonly url: string;
  release(): Promise<void>;
}

/** The port at which metrics are read, on whatever path. A room and the one that takes its place share it. */
export interface MetricsPort {
  /**
   * Opens the port, or goes on with it where it is open already.
   *
   * @param render the text, asked for each time; that of the last to open counts
   * @throws StartupError when the port is taken
   */
  open(settings: AuthSettings, render: () => string): Promise<MetricsHold>;
}

interface OpenPort {
  readonly address: string;
  readonly listener: Listener;
  render: () => string;
  holds: number;
}

/** Milliseconds that a request for metrics gets to finish. */
const grace = 1_000;

/** Creates the port, closed. */
export function createMetricsPort(): MetricsPort {
  let current: OpenPort | undefined;

  async function listen(settings: AuthSettings, render: () => string): Promise<OpenPort> {
    const port: Omit<OpenPort, 'listener'> = { address: addressOf(settings), render, holds: 0 };
    const listener = await startListener({
      host: settings.metricsHost,
      port: settings.metricsPort,
      setting: 'OTEL_EXPORTER_PROMETHEUS_PORT',
      handle(request, response) {
        request.resume();
        if (request.method !== 'GET' && request.method !== 'HEAD') {
          response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end();
          return;
        }
        const body = Buffer.from(port.render());
        const type = metricsContentType;
        response.writeHead(200, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
      // It is for one's own monitoring, which needs no more.
      maxHeaderSize: 16 * 1_024,
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 65_000,
      maxConnections: 100,
    });
    return Object.assign(port, { listener });
  }

  return {
    async open(settings, render) {
      const held =
        current?.address === addressOf(settings) && current.holds > 0 ? current : await listen(settings, render);
      current = held;
      held.render = render;
      held.holds++;
      return {
        url: held.listener.url,
        async release() {
          if (--held.holds === 0) await held.listener.stop(grace);
        },
      };
    },
  };
}

const addressOf = ({ metricsHost, metricsPort }: AuthSettings): string => `${metricsHost} ${metricsPort}`;
