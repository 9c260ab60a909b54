import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceError } from '#kernel/errors';
import { requestContext } from '#kernel/http';
import type { Logger } from '#kernel/log';
import type { ImgproxyMetrics } from '../core/metrics.ts';
import { equal } from '../core/url/signature.ts';
import { imgproxyError } from '../errors.ts';
import type { ImgproxySettings } from '../settings.ts';
import { commonHeaders, sendText } from './answer.ts';
import { getImage, type ImageRoute } from './image-get.ts';
import { landingPage } from './landing.ts';

/** What the handler is made of. */
export interface HandlerOptions {
  /** Undefined while the room does not run. */
  readonly route: () => ImageRoute | undefined;
  readonly settings: ImgproxySettings;
  readonly log: Logger;
  readonly metrics: Pick<ImgproxyMetrics, 'requested'>;
}

/** Answers imgproxy's requests. The path is taken as it came: signatures are made over exactly that. */
export function createHandler({ route, settings, log, metrics }: HandlerOptions) {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const whole = (request.url ?? '/').split('?', 1)[0] as string;
    const headers = commonHeaders(request, settings);
    const running = route();
    if (running === undefined) throw imgproxyError('not_running', { headers: { 'retry-after': '1' } });
    if (isHealth(whole)) {
      sendText(response, 200, 'imgproxy is running', { ...headers, 'cache-control': 'no-cache' });
      return;
    }
    if (!whole.startsWith(settings.pathPrefix)) throw imgproxyError('invalid_url', { details: 'Unknown path' });
    const path = whole.slice(settings.pathPrefix.length) || '/';
    if (request.method === 'HEAD' || request.method === 'OPTIONS') {
      response.writeHead(200, { ...headers, 'content-length': 0 }).end();
      return;
    }
    if (request.method !== 'GET' || path === '/favicon.ico')
      throw imgproxyError('invalid_url', { details: 'Unknown path' });
    if (path === '/') return landingPage(response, headers);
    assertAuthorized(request, settings.secret);
    const started = performance.now();
    try {
      await getImage(path, request, response, running);
      metrics.requested(performance.now() - started);
    } catch (error) {
      metrics.requested(performance.now() - started, error instanceof ServiceError ? error.code : 'internal');
      throw error;
    }
  }

  function isHealth(path: string): boolean {
    const { healthCheckPath, pathPrefix } = settings;
    return path === '/health' || path === `${pathPrefix}/health` || path === healthCheckPath;
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const known = error instanceof ServiceError ? error : imgproxyError('internal', { cause: error });
    const reqId = requestContext(request).id;
    if (known.status >= 500 && known.code !== 'not_running')
      log.error({ reqId, code: known.code, err: known.cause ?? known }, 'an image could not be made');
    else log.debug({ reqId, code: known.code, reason: known.details }, 'an image was refused');
    const shown = settings.developmentErrors && typeof known.details === 'string' ? known.details : known.message;
    sendText(response, known.status, shown, { ...commonHeaders(request, settings), ...known.headers });
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => refuse(request, response, error));
  };
}

function assertAuthorized(request: IncomingMessage, secret: string | undefined): void {
  if (secret === undefined) return;
  if (!equal(request.headers.authorization ?? '', `Bearer ${secret}`))
    throw imgproxyError('forbidden', { details: 'Invalid secret' });
}
