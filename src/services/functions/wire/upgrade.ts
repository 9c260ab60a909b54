import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';

/**
 * Hands a connection to a worker that is to become something else, a WebSocket as a rule. From the answer 101 on, bytes go
 * both ways untouched; any other answer is given on and the connection closed.
 *
 * @param onEnd called once, when it is over
 */
export function forwardUpgrade(
  socket: string,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  onEnd: () => void,
): void {
  // Deno takes a list apart at comma and space only.
  const protocols = request.headers['sec-websocket-protocol']?.split(/\s*,\s*/).join(', ');
  const upstream = httpRequest({
    socketPath: socket,
    agent: false,
    method: request.method,
    path: request.url,
    headers: { ...request.headers, ...(protocols !== undefined && { 'sec-websocket-protocol': protocols }) },
  });
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    client.destroy();
    upstream.destroy();
    onEnd();
  };
  upstream.on('upgrade', (answer, worker, workerHead) => {
    client.write(headOf(answer, []));
    if (workerHead.length > 0) client.write(workerHead);
    if (head.length > 0) worker.write(head);
    pipeline(client, worker, client, () => {
      worker.destroy();
      end();
    });
  });
  upstream.on('response', (answer) => {
    client.write(headOf(answer, ['Connection: close']));
    pipeline(answer, client, end);
  });
  upstream.on('error', () => {
    if (!isOver && client.writable)
      client.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', end);
    else end();
  });
  client.on('error', end);
  client.on('close', end);
  upstream.end();
}

function headOf(answer: IncomingMessage, extra: readonly string[]): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index] as string;
    const isKept = answer.statusCode === 101 || !/^(connection|keep-alive|transfer-encoding)$/i.test(name);
    if (isKept) lines.push(`${name}: ${answer.rawHeaders[index + 1]}`);
  }
  return `${[...lines, ...extra].join('\r\n')}\r\n\r\n`;
}
