import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { beginScramLogin } from '../core/scram-client.ts';
import { errorFields, int32, message, sslRequest, startupMessage } from '../wire/messages.ts';

/** A message of the server's. */
export interface Received {
  readonly type: string;
  readonly payload: Buffer;
}

/** A client that sends exactly what a test tells it to. */
export class WireClient {
  #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects without saying anything. */
  static connect(port: number): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new WireClient(socket)));
    });
  }

  /** Connects and logs in with SCRAM. @returns the client, ready for queries, and what came before */
  static async login(
    port: number,
    user: string,
    password: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly client: WireClient; readonly greeting: Received[] }> {
    const client = await WireClient.connect(port);
    client.send(startupMessage([['user', user], ...Object.entries(parameters)]));
    await client.prove(password);
    return { client, greeting: await client.untilReady() };
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get bytesWaiting(): number {
    return this.#bytes.length;
  }

  send(...bytes: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(bytes));
  }

  /** Stops reading, as somebody does who cannot keep up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Answers the challenge with a password. */
  async prove(password: string): Promise<void> {
    const challenge = await this.next();
    if (challenge.type !== 'R' || challenge.payload.readInt32BE(0) !== 10) throw new Error(describe(challenge));
    const login = beginScramLogin({ kind: 'password', password });
    const first = Buffer.from(login.clientFirst);
    this.send(message('p', 'SCRAM-SHA-256', int32(first.length), first));
    const serverFirst = await this.next();
    if (serverFirst.type !== 'R') throw new Error(describe(serverFirst));
    this.send(message('p', Buffer.from(await login.answer(serverFirst.payload.toString('utf8', 4)))));
  }

  /** Asks for TLS and goes on over it. */
  async secure(servername?: string): Promise<void> {
    this.send(sslRequest());
    const answer = (await this.take(1)).toString();
    if (answer !== 'S') throw new Error(`TLS was answered with ${answer}`);
    this.#socket.removeAllListeners();
    const secured = tls.connect({ socket: this.#socket, rejectUnauthorized: false, ...(servername && { servername }) });
    await new Promise<void>((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
    this.#socket = secured;
    this.#listen();
  }

  /** The next bytes. @throws Error when the connection ends before */
  async take(count: number): Promise<Buffer> {
    await this.#until(() => this.#bytes.length >= count);
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** The next message. @throws Error when the connection ends before */
  async next(): Promise<Received> {
    const head = await this.take(5);
    const payload = await this.take(head.readUInt32BE(1) - 4);
    return { type: head.toString('latin1', 0, 1), payload };
  }

  /** All messages up to ReadyForQuery, that one included. @throws Error with the text of a fatal error */
  async untilReady(): Promise<Received[]> {
    const found: Received[] = [];
    for (;;) {
      const received = await this.next();
      found.push(received);
      if (received.type === 'Z') return found;
      if (received.type === 'E' && errorFields(received.payload).get('S') === 'FATAL')
        throw new Error(describe(received));
    }
  }

  /** Fulfilled when the other side has closed. @returns what it sent until then */
  async ended(): Promise<Buffer> {
    await this.#until(() => this.#closed, true);
    return this.#bytes;
  }

  /** Runs a simple query. @returns values of the rows, or the error's text */
  async query(sql: string): Promise<string[][]> {
    this.send(message('Q', sql));
    return rowsOf(await this.untilReady());
  }

  async #until(holds: () => boolean, mayClose = false): Promise<void> {
    const timer = setTimeout(() => this.destroy(), 10_000);
    while (!holds()) {
      if (this.#closed && !mayClose) throw new Error('the connection was closed');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
  }
}

/** Type letters in order. */
export const typesOf = (messages: readonly Received[]): string => messages.map(({ type }) => type).join('');

/** Values of all DataRows as text. @throws Error for an ErrorResponse */
export function rowsOf(messages: readonly Received[]): string[][] {
  const failure = messages.find(({ type }) => type === 'E');
  if (failure) throw new Error(describe(failure));
  return messages
    .filter(({ type }) => type === 'D')
    .map(({ payload }) => {
      const values: string[] = [];
      let at = 2;
      while (at < payload.length) {
        const length = payload.readInt32BE(at);
        values.push(length < 0 ? '' : payload.toString('utf8', at + 4, at + 4 + length));
        at += 4 + Math.max(0, length);
      }
      return values;
    });
}

/** An error as `SQLSTATE text`. */
export function describe({ type, payload }: Received): string {
  if (type !== 'E') return `message ${type}`;
  const fields = errorFields(payload);
  return `${fields.get('C')} ${fields.get('M')}`;
}
