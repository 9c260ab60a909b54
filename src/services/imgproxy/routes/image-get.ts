import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendBody } from '#kernel/http';
import { acceptedBy, type FormatPolicy } from '../core/format/choose.ts';
import type { Images } from '../core/images.ts';
import { readRequestUrl, type UrlRules } from '../core/url/request-url.ts';
import type { ImgproxySettings } from '../settings.ts';
import { commonHeaders } from './answer.ts';
import { imageHeaders, isUnchanged } from './image-headers.ts';

/** What requests for images are answered with. */
export interface ImageRoute {
  readonly images: Images;
  readonly rules: UrlRules;
  readonly policy: FormatPolicy;
  readonly settings: ImgproxySettings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** `GET /signature/options…/source`: the transformed image. @throws ServiceError */
export async function getImage(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  { images, rules, policy, settings, now }: ImageRoute,
): Promise<void> {
  const { source, processing } = readRequestUrl(path, rules, Math.floor(now() / 1_000));
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const image = await images.fromUrl(source, {
    processing,
    accepted: acceptedBy(request.headers.accept),
    signal: gone.signal,
  });
  const headers = {
    ...commonHeaders(request, settings),
    ...imageHeaders({ image, processing, sourceUrl: source, settings, policy, now: now() }),
  };
  if (image.failure) {
    const status = settings.fallbackStatus || image.failure.status;
    sendBody(response, status, { ...headers, 'fallback-image': '1' }, image.made.body);
  } else if (isUnchanged(request.headers, image, settings)) {
    const { 'content-type': _t, 'content-disposition': _d, ...kept } = headers;
    response.writeHead(304, kept).end();
  } else sendBody(response, 200, headers, image.made.body);
}
