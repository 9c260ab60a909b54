// The fastest passage that still reads heads: requests and answers below node:http, on sockets, headers rewritten as text.
// What a product would need beside (bodies of requests, chunks, time limits, refusals, logs) is left out; so it is a bound.
// Arguments: port to listen on, path of a worker's socket.
import { randomUUID } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';

const [port, worker] = process.argv.slice(2) as [string, string];
const hopByHop = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);
const idle: Link[] = [];

/** Lines of a head that may be given on, and the length of the body behind it. */
function headOf(lines: readonly string[]): { text: string; length: number } {
  let text = '';
  let length = 0;
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (name === 'content-length') length = Number(line.slice(colon + 1));
    if (!hopByHop.has(name)) text += `${line}\r\n`;
  }
  return { text, length };
}

class Link {
  readonly #socket = connect(worker);
  #client: Socket | undefined;
  #left = 0;

  constructor() {
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', () => {});
  }

  ask(client: Socket, head: string): void {
    this.#client = client;
    this.#socket.write(head, 'latin1');
  }

  #take(chunk: Buffer): void {
    const client = this.#client as Socket;
    if (this.#left > 0) {
      this.#left -= chunk.length;
      client.write(chunk);
    } else {
      const end = chunk.indexOf('\r\n\r\n');
      const lines = chunk.toString('latin1', 0, end).split('\r\n');
      const { text, length } = headOf(lines);
      const own = `x-request-id: ${randomUUID()}\r\naccess-control-allow-origin: *\r\n\r\n`;
      client.write(`${lines[0]}\r\n${text}${own}${chunk.toString('latin1', end + 4)}`, 'latin1');
      this.#left = length - (chunk.length - end - 4);
    }
    if (this.#left <= 0) idle.push(this);
  }
}

createServer({ noDelay: true }, (client) => {
  client.on('error', () => {});
  client.on('data', (chunk) => {
    const lines = chunk.toString('latin1', 0, chunk.indexOf('\r\n\r\n')).split('\r\n');
    const head = `${lines[0]}\r\n${headOf(lines).text}x-forwarded-for: ${client.remoteAddress}\r\n\r\n`;
    (idle.pop() ?? new Link()).ask(client, head);
  });
}).listen(Number(port), '127.0.0.1');
