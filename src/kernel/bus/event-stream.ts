import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { closeConnection, openConnection } from './nats-connection.ts';

/** How JetStream is reached. */
export interface EventStreamOptions {
  /** `nats://` or `tls://` URLs, as of the bus. */
  readonly servers: readonly string[];
  /** Made where no stream of that name is there. */
  readonly stream: {
    readonly name: string;
    readonly subjects: readonly string[];
    /** Milliseconds a message is kept. */
    readonly keep: number;
    /** Milliseconds in which a message with the same id counts as the same. */
    readonly duplicateWindow: number;
  };
  /** Told of each loss and return of the connection; `error` holds no credentials. */
  readonly onState: (state: 'connected' | 'disconnected', error?: unknown) => void;
}

/** A message that is to be handled. */
export interface StreamMessage {
  readonly subject: string;
  readonly body: Buffer;
}

/** Messages that are kept by JetStream. */
export interface EventStream {
  /** Begins to connect, and goes on until it has; nobody waits for it. The client library is loaded here. */
  start(): void;
  stop(): Promise<void>;
  readonly isConnected: boolean;
  /**
   * Fulfilled when a stream has stored it, or had stored it before.
   *
   * @param id by which the stream knows a message that comes again (`Nats-Msg-Id`)
   * @throws StreamError
   */
  publish(subject: string, id: string, body: string): Promise<void>;
  /**
   * Handles the messages of a subject one after the other, each until it was handled once, from where this name had come to.
   *
   * @param handle when it rejects, it gets the same message again after a while
   * @returns ends when the signal says so or the connection is lost @throws where there is no such stream
   */
  consume(
    options: { readonly stream: string; readonly name: string; readonly subject: string; readonly signal: AbortSignal },
    handle: (message: StreamMessage) => Promise<void>,
  ): Promise<void>;
}

/** Why a message was not stored. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  /** `away`: the server does not answer now, and nobody knows what became of the message; `refused`: it said no. */
  readonly reason: 'away' | 'refused';

  constructor(reason: 'away' | 'refused', message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

const answerTime = 5_000;
const handleAgainAfter = 1_000;
const nanoseconds = 1_000_000;

/** Creates one. */
export function createEventStream({ servers, stream, onState }: EventStreamOptions): EventStream {
  let connection: NatsConnection | undefined;
  let client: JetStreamClient | undefined;
  let isConnected = false;
  let isStopping = false;
  let connecting: Promise<void> | undefined;

  async function connect(): Promise<void> {
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
    const opened = await openConnection(servers, { name: 'pmoves-supabase outbox' });
    if (isStopping) {
      await closeConnection(opened, false);
      return;
    }
    connection = opened;
    const ready = async () => {
      try {
        const manager = await jetstreamManager(opened);
        const names = (await manager.streams.list().next()).map(({ config }) => config.name);
        if (!names.includes(stream.name))
          await manager.streams.add({
            name: stream.name,
            subjects: [...stream.subjects],
            max_age: stream.keep * nanoseconds,
            duplicate_window: stream.duplicateWindow * nanoseconds,
          });
      } catch (error) {
        // Its subjects may be another stream's; whoever publishes hears of what is wrong.
        onState('disconnected', error);
      }
      client = jetstream(opened);
      isConnected = true;
      onState('connected');
    };
    await ready();
    for await (const { type } of opened.status()) {
      if (type === 'reconnect') await ready();
      if (type === 'disconnect' && isConnected) {
        isConnected = false;
        onState('disconnected');
      }
    }
  }

  return {
    get isConnected() {
      return isConnected;
    },
    start() {
      isStopping = false;
      connecting ??= connect().catch((error: unknown) => {
        isConnected = false;
        if (!isStopping) onState('disconnected', error);
      });
    },
    async stop() {
      isStopping = true;
      isConnected = false;
      if (connection) {
        await closeConnection(connection, false);
        await connecting;
      }
      connection = undefined;
      connecting = undefined;
    },
    async publish(subject, id, body) {
      if (!client || !isConnected) throw new StreamError('away', 'NATS is not connected');
      try {
        await client.publish(subject, body, { msgID: id, timeout: answerTime });
      } catch (error) {
        const { name = '', message = '' } = error as Error;
        // Nobody takes the subject, or the stream says no. What is neither may have been stored all the same.
        const refused = isConnected && /^(JetStream|NoResponders)/.test(name);
        throw refused
          ? new StreamError('refused', `no stream of JetStream took it: ${message}`, error)
          : new StreamError('away', `NATS did not answer: ${message}`, error);
      }
    },
    async consume({ stream: from, name, subject, signal }, handle) {
      if (!connection || !client || !isConnected) throw new StreamError('away', 'NATS is not connected');
      const { AckPolicy, jetstreamManager } = await import('@nats-io/jetstream');
      const manager = await jetstreamManager(connection);
      await manager.consumers.add(from, {
        durable_name: name,
        filter_subject: subject,
        ack_policy: AckPolicy.Explicit,
        ack_wait: 30_000 * nanoseconds,
      });
      const consumer = await client.consumers.get(from, name);
      const messages = await consumer.consume({ max_messages: 100 });
      const stop = () => messages.stop();
      signal.addEventListener('abort', stop, { once: true });
      try {
        for await (const message of messages) {
          for (;;) {
            if (signal.aborted) return;
            try {
              await handle({ subject: message.subject, body: Buffer.from(message.data) });
              break;
            } catch {
              // Later ones would overtake it if it came again by itself.
              message.working();
              await sleep(handleAgainAfter, undefined, { signal }).catch(() => {});
            }
          }
          message.ack();
        }
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
