import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

/** A mail server that keeps what it is given, as raw messages. */
export interface MailServer {
  readonly port: number;
  readonly messages: readonly string[];
  /** Answer to recipients; anything but 250 refuses. */
  answer: string;
  stop(): Promise<void>;
}

/**
 * Speaks just enough SMTP (RFC 5321) for a client without TLS and authentication.
 *
 * @param port default: a free one
 */
export async function startMailServer(port = 0): Promise<MailServer> {
  const messages: string[] = [];
  const state = { answer: '250 OK' };
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    let data: string[] | undefined;
    let rest = '';
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 test');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (data && line === '.') {
          messages.push(data.join('\n'));
          data = undefined;
          say('250 OK');
        } else if (data) data.push(line);
        else if (/^EHLO|^HELO|^MAIL|^RSET|^NOOP/i.test(line)) say('250 OK');
        else if (/^RCPT/i.test(line)) say(state.answer);
        else if (/^DATA/i.test(line)) {
          data = [];
          say('354 go on');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else say('500 what?');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    get answer() {
      return state.answer;
    },
    set answer(line) {
      state.answer = line;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
