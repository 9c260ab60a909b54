import { WebSocket } from 'ws';

/** A message as a test reads it, whichever protocol it came by. */
export interface Received {
  readonly joinRef: string | null | undefined;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into payloads of all shapes
  readonly payload: any;
}

/** A client that sends what it is told, and keeps all it gets. */
export interface RawClient {
  readonly socket: WebSocket;
  readonly received: (Received | Buffer)[];
  /** Text as it stands. */
  sendText(text: string): void;
  sendBytes(bytes: Buffer): void;
  /** In the client's protocol. @returns the ref */
  send(topic: string, event: string, payload: unknown, joinRef?: string | null): string;
  /** Joins and waits for the reply. */
  join(name: string, config?: object, extra?: object): Promise<Received>;
  /** The first message from `after` on that fits; waits for it. */
  next(fits: (message: Received) => boolean, timeout?: number): Promise<Received>;
  nextBinary(timeout?: number): Promise<Buffer>;
  event(event: string, timeout?: number): Promise<Received>;
  /** Fulfilled by the code it was closed with. */
  readonly closed: Promise<number>;
  close(): void;
}

/** Opens a socket. @throws Error with status and body of a refusal */
export async function rawClient(url: string, version: 1 | 2, headers: Record<string, string> = {}): Promise<RawClient> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const received: (Received | Buffer)[] = [];
  const taken = new Set<unknown>();
  const waiters = new Set<() => void>();
  let lastRef = 0;
  const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    received.push(isBinary ? data : parse(version, data.toString()));
    for (const wake of [...waiters]) wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => reject(new Error(`${response.statusCode} ${body}`)));
    });
  });
  socket.on('error', () => {});

  function wait<T>(find: () => T | undefined, what: string, timeout: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        taken.add(found);
        waiters.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => {
        waiters.delete(look);
        reject(new Error(`no ${what} within ${timeout} ms; got ${JSON.stringify(received).slice(0, 2_000)}`));
      }, timeout);
      waiters.add(look);
      look();
    });
  }

  const client: RawClient = {
    socket,
    received,
    closed,
    sendText: (text) => socket.send(text),
    sendBytes: (bytes) => socket.send(bytes),
    send(topic, event, payload, joinRef = null) {
      const ref = String(++lastRef);
      socket.send(
        version === 1
          ? JSON.stringify({ topic, event, payload, ref, ...(joinRef !== null && { join_ref: joinRef }) })
          : JSON.stringify([joinRef, ref, topic, event, payload]),
      );
      return ref;
    },
    async join(name, config = {}, extra = {}) {
      const ref = String(lastRef + 1);
      client.send(`realtime:${name}`, 'phx_join', { config, ...extra }, ref);
      return client.next((message) => message.event === 'phx_reply' && message.ref === ref);
    },
    next: (fits, timeout = 5_000) =>
      wait(
        () => received.find((one): one is Received => !Buffer.isBuffer(one) && !taken.has(one) && fits(one)),
        'such message',
        timeout,
      ),
    nextBinary: (timeout = 5_000) =>
      wait(() => received.find((one): one is Buffer => Buffer.isBuffer(one) && !taken.has(one)), 'binary', timeout),
    event: (event, timeout) => client.next((message) => message.event === event, timeout),
    close: () => socket.close(),
  };
  return client;
}

function parse(version: 1 | 2, text: string): Received {
  const value: unknown = JSON.parse(text);
  if (version === 2) {
    const [joinRef, ref, topic, event, payload] = value as [string | null, string | null, string, string, unknown];
    return { joinRef, ref, topic, event, payload };
  }
  const { topic, event, payload, ref, join_ref: joinRef } = value as Record<string, string>;
  return { joinRef, ref: ref as string | null, topic: topic as string, event: event as string, payload };
}
