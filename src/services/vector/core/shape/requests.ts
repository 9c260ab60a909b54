import type { RequestNews } from '#kernel/log';
import type { Shaped } from './shaper.ts';
import { streams } from './streams.ts';

/** A request to the public edge, in the fields of the original's edge log (spec services §D.3). */
export function shapeEdge(news: RequestNews): Shaped {
  const { method, host, protocol, status, milliseconds, ip, agent, referer, clientInfo } = news;
  const [path, search] = splitUrl(news.url);
  return {
    source: streams.edge,
    at: news.at,
    message: combinedLine(news),
    metadata: {
      request_id: news.id,
      request: {
        method,
        path,
        ...(search && { search }),
        host,
        protocol: `HTTP/${news.httpVersion}`,
        url: `${protocol}://${host}${news.url}`,
        headers: {
          ...(agent && { user_agent: agent }),
          ...(referer && { referer }),
          ...(clientInfo && { x_client_info: clientInfo }),
          cf_connecting_ip: ip,
          x_real_ip: ip,
        },
      },
      response: {
        status_code: status,
        origin_time: Math.round(milliseconds * 10) / 10,
        ...(news.size !== undefined && { headers: { content_length: news.size } }),
      },
    },
  };
}

/** A request that reached auth, in the fields of GoTrue's own log. */
export function shapeAuthRequest(news: RequestNews): Shaped {
  const { method, ip, referer, status, milliseconds } = news;
  const [path] = splitUrl(news.url);
  const level = levelOf(status);
  const time = new Date(news.at).toISOString();
  const metadata = {
    component: 'api',
    duration: Math.round(milliseconds * 1e6),
    host: 'default',
    level,
    method,
    msg: 'request completed',
    path,
    ...(referer && { referer }),
    remote_addr: ip,
    request_id: news.id,
    status,
    time,
  };
  return {
    source: streams.auth,
    at: news.at,
    message: JSON.stringify(metadata),
    metadata: { ...metadata, timestamp: time },
  };
}

/** A request that reached storage, in the fields of its own log. */
export function shapeStorageRequest(news: RequestNews): Shaped {
  const { method, url, status, milliseconds, ip, agent } = news;
  return {
    source: streams.storage,
    at: news.at,
    message: `default | ${method} | ${status} | ${ip} | ${news.id} | ${url} | ${agent ?? ''}`,
    metadata: {
      level: levelOf(status),
      project: 'default',
      tenantId: 'default',
      reqId: news.id,
      responseTime: Math.round(milliseconds * 10) / 10,
      timestamp: new Date(news.at).toISOString(),
      req: { method, url, headers: { ...(agent && { user_agent: agent }), x_real_ip: ip } },
      res: { statusCode: status },
    },
  };
}

const levelOf = (status: number): string => (status >= 500 ? 'error' : status >= 400 ? 'warning' : 'info');

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// nginx's `combined` format, which is what the original's edge writes.
function combinedLine({ at, ip, method, url, httpVersion, status, size, referer, agent }: RequestNews): string {
  const time = new Date(at);
  const iso = time.toISOString();
  const stamp = `${iso.slice(8, 10)}/${months[time.getUTCMonth()]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  return `${ip} - - [${stamp}] "${method} ${url} HTTP/${httpVersion}" ${status} ${size ?? '-'} "${referer ?? '-'}" "${agent ?? '-'}"`;
}

function splitUrl(url: string): [path: string, search: string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark)];
}
