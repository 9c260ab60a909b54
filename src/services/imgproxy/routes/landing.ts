import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { sendBody } from '#kernel/http';

const page =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>imgproxy</title></head>' +
  '<body><h1>imgproxy</h1><p>Images are served here.</p></body></html>\n';

/** `GET /`: says that somebody is there, and nothing else. */
export function landingPage(response: ServerResponse, headers: OutgoingHttpHeaders): void {
  const policy = { 'content-security-policy': "default-src 'none'", 'cache-control': 'no-cache' };
  sendBody(response, 200, { ...headers, ...policy, 'content-type': 'text/html; charset=utf-8' }, page);
}
