import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { createStatementRegistry } from '../core/prepared-statements.ts';
import { createParameterSets } from '../core/session-parameters.ts';
import { ClientStatements } from '../wire/client-statements.ts';
import { Draft } from '../wire/draft.ts';
import { createSocketIo, type NativeStreams, type SocketIo } from '../wire/native-streams.ts';
import { PooledServer } from '../wire/pooled-server.ts';
import type { ServerPool } from '../wire/server-pool.ts';
import { TransactionClient } from '../wire/transaction-client.ts';

/** A socket whose inside a test plays. */
export class PlayedSocket extends EventEmitter {
  readonly writableLength = 0;
  readonly sent: Buffer[] = [];
  readonly #io: SocketIo;
  #memory: Buffer | undefined;
  readonly _handle = {
    reading: false,
    onread: (_memory?: ArrayBuffer): unknown => undefined,
    useUserBuffer: (memory: Buffer) => {
      this.#memory = memory;
    },
    readStart: () => 0,
    readStop: () => 0,
    writeBuffer: (_request: object, bytes: Buffer) => {
      this.sent.push(Buffer.from(bytes));
      const { streamBaseState, kLastWriteWasAsync } = this.#io.native as NativeStreams;
      streamBaseState[kLastWriteWasAsync] = 0;
      return 0;
    },
  };

  constructor(io: SocketIo) {
    super();
    this.#io = io;
  }

  read(): null {
    return null;
  }

  end(): void {}

  destroy(): void {
    this.emit('close');
  }

  /** As if these bytes had arrived. */
  arrive(bytes: Buffer): void {
    const { streamBaseState, kReadBytesOrError } = this.#io.native as NativeStreams;
    bytes.copy(this.#memory as Buffer);
    streamBaseState[kReadBytesOrError] = bytes.length;
    this._handle.onread();
  }
}

/** A client in transaction mode with servers that a test plays; no bytes leave the process. */
export interface PlayedClient {
  readonly client: TransactionClient;
  /** The client's side. */
  readonly near: PlayedSocket;
  /** Makes a server with these settings, which the client gets when it asks next. */
  server(settings?: Readonly<Record<string, string>>): { readonly server: PooledServer; readonly far: PlayedSocket };
  /** Whether it waits for a server. */
  readonly waiting: boolean;
}

/** Makes one. @param wanted its settings */
export function playClient(wanted: Readonly<Record<string, string>> = {}): PlayedClient {
  const io = createSocketIo();
  const sets = createParameterSets(10);
  const registry = createStatementRegistry(10);
  const free: PooledServer[] = [];
  let waiting = false;
  const pool = {
    take: () => free.pop(),
    wait: () => {
      waiting = true;
    },
    forget: () => {
      waiting = false;
    },
    give: (server: PooledServer) => void free.push(server),
    transactionDone: () => {},
    clientStatements: () =>
      new ClientStatements(registry, { perClient: 100, clientBytes: 100_000, perServer: 100 }, () => {}),
  } as unknown as ServerPool;
  const near = new PlayedSocket(io);
  const context = {
    now: () => 0,
    received: () => {},
    closed: () => {},
    io,
    draft: new Draft(io),
    maxMessage: 100_000,
    maxStatement: 100_000,
  };
  const settings = sets.of(Object.entries(wanted));
  const client = new TransactionClient(
    near as unknown as Socket,
    pool,
    settings,
    Buffer.alloc(4),
    context,
    Buffer.alloc(0),
  );
  return {
    client,
    near,
    server(values = {}) {
      const far = new PlayedSocket(io);
      const server = new PooledServer(
        {
          socket: far as unknown as Socket,
          address: { host: '127.0.0.1', port: 1 },
          pid: 1,
          secret: Buffer.alloc(4),
          parameters: new Map(Object.entries(values)),
          rest: Buffer.alloc(0),
        },
        { lost: () => {}, received: () => {}, sets, now: () => 0, io },
      );
      free.push(server);
      return { server, far };
    },
    get waiting() {
      return waiting;
    },
  };
}
