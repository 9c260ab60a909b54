import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { adoptRequestId, sendBody } from '#kernel/http';
import type { ImgproxySettings } from '../settings.ts';

/** Headers of every answer: who it is, which request, and who may read it. */
export function commonHeaders(request: IncomingMessage, { allowOrigin }: ImgproxySettings): OutgoingHttpHeaders {
  return {
    server: 'imgproxy',
    'x-request-id': adoptRequestId(request).id,
    ...(allowOrigin && {
      'access-control-allow-origin': allowOrigin,
      'access-control-allow-methods': 'GET, OPTIONS',
    }),
  };
}

/** Answers with plain text. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  sendBody(response, status, { ...headers, 'content-type': 'text/plain' }, text);
}
