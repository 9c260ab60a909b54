import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { sendBody } from '#kernel/http';
import { gatewayError, renderGatewayError } from '../errors.ts';
import type { EdgeTarget } from './target.ts';

// Hop-by-hop headers belong to one connection (RFC 9110 §7.6.1).
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/** A room that runs in another process. */
export interface RemoteTarget extends EdgeTarget {
  close(): void;
}

/**
 * Forwards requests and upgrades to another process over kept-alive connections.
 *
 * @param base e.g. `http://10.0.0.2:3000`; its path is put in front. `unix:/path` is a socket of this machine
 * @param timeout milliseconds of silence after which the answer is 504
 * @param maxSockets connections to it at most; more requests wait
 */
export function createRemoteTarget(base: string, timeout: number, maxSockets: number): RemoteTarget {
  const { address, prefix } = addressOf(base);
  const agent = new Agent({ keepAlive: true, maxSockets, maxFreeSockets: 32 });
  const path = (request: IncomingMessage) => prefix + (request.url ?? '/');
  const outgoing = (request: IncomingMessage) => {
    const headers = { ...request.headers };
    for (const name of hopByHop) delete headers[name];
    return headers;
  };
  const options = { ...address, agent, timeout };

  return {
    handle(request, response) {
      const upstream = httpRequest(
        { ...options, method: request.method, path: path(request), headers: outgoing(request) },
        (answer) => {
          const headers = { ...answer.headers };
          for (const name of hopByHop) delete headers[name];
          response.writeHead(answer.statusCode ?? 502, headers);
          pipeline(answer, response, () => {});
        },
      );
      upstream.on('timeout', () => upstream.destroy(gatewayError('upstream_timeout')));
      upstream.on('error', (error) => refuse(request, response, error));
      response.on('close', () => upstream.destroy());
      pipeline(request, upstream, () => {});
    },
    upgrade(request, socket, head) {
      const upstream = httpRequest({
        ...options,
        agent: false,
        method: request.method,
        path: path(request),
        headers: request.headers,
      });
      upstream.on('upgrade', (answer, remote, remoteHead) => {
        const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
        for (let index = 0; index < answer.rawHeaders.length; index += 2)
          lines.push(`${answer.rawHeaders[index]}: ${answer.rawHeaders[index + 1]}`);
        socket.write(`${lines.join('\r\n')}\r\n\r\n`);
        if (remoteHead.length > 0) socket.write(remoteHead);
        if (head.length > 0) remote.write(head);
        pipeline(socket, remote, socket, () => {});
      });
      upstream.on('response', (answer) => {
        socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`);
        answer.resume();
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
      upstream.end();
    },
    close: () => agent.destroy(),
  };
}

function addressOf(base: string): { address: object; prefix: string } {
  if (base.startsWith('unix:')) return { address: { socketPath: base.slice('unix:'.length) }, prefix: '' };
  const { hostname, port, pathname } = new URL(base);
  return { address: { host: hostname, port: port || 80 }, prefix: pathname.replace(/\/$/, '') };
}

function refuse(request: IncomingMessage, response: ServerResponse, error: Error & { code?: string }): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const known =
    error.code === 'upstream_timeout'
      ? gatewayError('upstream_timeout')
      : error.code === 'HPE_INVALID_CONSTANT'
        ? gatewayError('upstream_invalid')
        : gatewayError('upstream_unavailable');
  const { contentType, body } = renderGatewayError(known, request.headers.accept);
  sendBody(response, known.status, { 'content-type': contentType }, body);
}
