import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Sends a whole body. Content-Length is set here; a HEAD answer keeps its headers and loses the body by Node itself. */
export function sendBody(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer,
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** Sends a value as `application/json; charset=utf-8`. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  sendBody(response, status, { ...headers, 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(value));
}
