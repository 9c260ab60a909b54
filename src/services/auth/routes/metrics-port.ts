import { type Listener, startListener } from '#kernel/http';
import type { AuthSettings } from '../settings.ts';

/** Opens the port at which metrics are read, on whatever path. @param render the text, asked for each time */
export function startMetricsPort(settings: AuthSettings, render: () => string): Promise<Listener> {
  return startListener({
    host: settings.metricsHost,
    port: settings.metricsPort,
    setting: 'OTEL_EXPORTER_PROMETHEUS_PORT',
    handle(request, response) {
      request.resume();
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end();
        return;
      }
      const body = Buffer.from(render());
      const type = 'text/plain; version=0.0.4; charset=utf-8';
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
}
