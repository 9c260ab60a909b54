import type { ServerResponse } from 'node:http';
import type { Answer } from '../core/respond/answer.ts';
import { postgrestVersion } from '../core/version.ts';

/** Sends an answer. One without a body has neither body nor length. */
export function sendAnswer(response: ServerResponse, answer: Answer, more: Readonly<Record<string, string>>): void {
  if (response.destroyed || response.headersSent) return;
  const { status, statusText, body } = answer;
  const headers: Record<string, string | string[] | number> = { Server: `postgrest/${postgrestVersion}` };
  Object.assign(headers, answer.headers, more);
  if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
  if (statusText === undefined) response.writeHead(status, headers);
  else response.writeHead(status, statusText, headers);
  response.end(typeof body === 'string' && isWide(headers, statusText) ? Buffer.from(body) : body);
}

const ascii = /^[ -~\t]*$/;

// Node joins headers with a body that is text, and writes both as UTF-8: bytes of a header would be encoded again.
function isWide(headers: Readonly<Record<string, unknown>>, statusText = ''): boolean {
  if (!ascii.test(statusText)) return true;
  for (const name in headers) if (!ascii.test(String(headers[name]))) return true;
  return false;
}
