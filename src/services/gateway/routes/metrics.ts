import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendBody, sendJson } from '#kernel/http';
import { type MetricFamily, metricsContentType, renderMetrics } from '#kernel/metrics';
import { extractKey, type KnownKey } from '../core/api-keys.ts';
import { gatewayError } from '../errors.ts';

/** What metrics are answered with. */
export interface MetricsOptions {
  readonly collect: () => Promise<readonly MetricFamily[]>;
  readonly findKey: (key: string) => KnownKey | undefined;
}

/**
 * `GET /metrics`, and the address that the hosted platform has for it: what all services count, in Prometheus' text
 * format. It wants the service key, in whichever of the ways scrapers have: `apikey`, `Authorization: Bearer`, or HTTP
 * Basic with the user `service_role`.
 */
export function metricsHandler({ collect, findKey }: MetricsOptions) {
  // However many ask at once, it is counted once.
  let collecting: Promise<string> | undefined;
  const text = (): Promise<string> => {
    collecting ??= collect()
      .then(renderMetrics)
      .finally(() => {
        collecting = undefined;
      });
    return collecting;
  };

  return (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end();
      return;
    }
    const key = keyOf(request);
    if (key === undefined || findKey(key)?.role !== 'service_role') {
      const { status, message } = gatewayError('unauthorized');
      sendJson(response, status, { message }, { 'www-authenticate': 'Basic realm="metrics"', ...noStore });
      return;
    }
    text().then(
      (body) => sendBody(response, 200, { 'content-type': metricsContentType, ...noStore }, body),
      () => response.destroy(),
    );
  };
}

const noStore = { 'cache-control': 'no-store' };

/** The key of a request. One in the address would stand in logs of proxies, so it does not count there. */
function keyOf({ rawHeaders, headers }: IncomingMessage): string | undefined {
  const sent = extractKey(rawHeaders, '');
  if (sent.kind === 'duplicate') return undefined;
  if (sent.kind === 'key') return sent.key;
  const [, scheme = '', value = ''] = /^(bearer|basic)\s+(\S+)$/i.exec(headers.authorization?.trim() ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  const [, password] = /^service_role:(.*)$/s.exec(Buffer.from(value, 'base64').toString()) ?? [];
  return password;
}
