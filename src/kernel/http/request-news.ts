import type { IncomingMessage, ServerResponse } from 'node:http';
import { type RequestNews, redactUrl } from '#kernel/log';
import { requestContext } from './request-context.ts';

/**
 * What there is to tell of an answered request; of its headers only those that are no secret.
 *
 * @param room who answered
 * @param answer the response, or the status where there is none (upgrades)
 * @param url as that one was asked
 */
export function requestNews(
  room: string,
  request: IncomingMessage,
  answer: ServerResponse | number,
  url: string,
  milliseconds: number,
): RequestNews {
  const { headers, socket, httpVersion, method = 'GET' } = request;
  const { id, remoteAddress } = requestContext(request);
  const isStatus = typeof answer === 'number';
  const length = isStatus ? undefined : Number(answer.getHeader('content-length'));
  const forwarded = headers['x-forwarded-proto'];
  return {
    kind: 'request',
    room,
    at: Date.now(),
    id,
    method,
    url: redactUrl(url),
    host: headers.host ?? '',
    protocol: typeof forwarded === 'string' ? forwarded : 'encrypted' in socket ? 'https' : 'http',
    httpVersion,
    status: isStatus ? answer : answer.writableFinished ? answer.statusCode : 499,
    milliseconds,
    size: length !== undefined && Number.isFinite(length) ? length : undefined,
    ip: remoteAddress,
    agent: headers['user-agent'],
    referer: headers.referer === undefined ? undefined : redactUrl(headers.referer),
    clientInfo: headers['x-client-info'] as string | undefined,
  };
}
