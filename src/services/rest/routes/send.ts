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
  if (body === undefined) response.end();
  else {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    // Node sends headers and a Latin-1 text as one chunk; every byte is a character there, so none is changed.
    if (bytes.length > largestJoined) response.end(bytes);
    else response.end(bytes.toString('latin1'), 'latin1');
  }
}

/** Bytes up to which a body is copied to travel with its headers. */
const largestJoined = 16_384;
