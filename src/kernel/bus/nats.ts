import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Bus } from './local-bus.ts';
import { closeConnection, openConnection } from './nats-connection.ts';
import { Assembler, packetsOf } from './packets.ts';
import { createSharedBus, type Remote } from './shared-bus.ts';

/** How NATS is reached. */
export interface NatsOptions {
  /** `nats://` or `tls://` URLs; user and password, or a token in the place of the user, may stand in them. */
  readonly servers: readonly string[];
  /** What all subjects begin with; the same on all nodes of an installation, and on no other's. */
  readonly prefix: string;
  /** The bus of this process. */
  readonly local: Bus;
  /** Told of each loss and return of the connection; `error` holds no credentials. */
  readonly onState: (state: 'connected' | 'disconnected', error?: unknown) => void;
}

/** A bus over NATS. */
export interface NatsBus extends Bus {
  /** Begins to connect, and goes on until it has; nobody waits for it. The client library is loaded here. */
  start(): void;
  stop(): Promise<void>;
}

/** Incomplete messages kept at most. */
const openMessages = 64;

/** Milliseconds a server's answer is waited for; one that needs longer is as good as away. */
const settlingTime = 1_000;

/** Of a server that has not said what it takes. */
const usualPayload = 1024 ** 2;

/**
 * A bus between all processes that reach the same NATS server and use the same prefix. Delivery is at most once: what is
 * published while there is no connection is for this process alone.
 */
export function createNatsBus({ servers, prefix, local, onState }: NatsOptions): NatsBus {
  const subscriptions = new Map<string, Subscription | undefined>();
  const assembler = new Assembler(openMessages);
  let connection: NatsConnection | undefined;
  let connecting: Promise<void> | undefined;
  let isConnected = false;
  /** Of the current start; a connection that opens after its start was stopped is closed again. */
  let life = new AbortController();

  const remote: Remote = {
    get isConnected() {
      return isConnected;
    },
    send(subject, payload) {
      // The client would keep it until it is connected again, however long that takes.
      if (!isConnected || !connection) return;
      const limit = connection.info?.max_payload ?? usualPayload;
      for (const packet of packetsOf(payload, limit)) connection.publish(`${prefix}.${subject}`, packet);
    },
    want(subject) {
      subscriptions.set(subject, connection && subscribe(connection, subject));
    },
    unwant(subject) {
      subscriptions.get(subject)?.unsubscribe();
      subscriptions.delete(subject);
    },
    settled() {
      if (!isConnected || !connection) return undefined;
      // The server takes what one connection says in order: what was subscribed before is in force when it answers.
      const answered = connection.flush().catch(() => {});
      return Promise.race([answered, sleep(settlingTime, undefined, { ref: false })]);
    },
  };

  function subscribe(to: NatsConnection, subject: string): Subscription {
    return to.subscribe(`${prefix}.${subject}`, {
      callback(error, message) {
        if (error) return;
        const { buffer, byteOffset, byteLength } = message.data;
        const taken = assembler.take(Buffer.from(buffer, byteOffset, byteLength));
        if (taken) local.publish(subject, taken.payload);
      },
    });
  }

  async function connect({ signal }: AbortController): Promise<void> {
    const opened = await openConnection(servers, { name: 'pmoves-supabase', noEcho: true });
    if (signal.aborted) {
      await closeConnection(opened, false);
      return;
    }
    connection = opened;
    isConnected = true;
    for (const subject of subscriptions.keys()) subscriptions.set(subject, subscribe(opened, subject));
    onState('connected');
    for await (const { type } of opened.status()) {
      const was: boolean = isConnected;
      if (type === 'reconnect') isConnected = true;
      if (type === 'disconnect') isConnected = false;
      if (was !== isConnected) onState(isConnected ? 'connected' : 'disconnected');
    }
  }

  const { publish, subscribe: subscribeHere, settled } = createSharedBus(local, remote);
  return {
    isShared: true,
    get isConnected() {
      return isConnected;
    },
    publish,
    subscribe: subscribeHere,
    settled,
    start() {
      const current = new AbortController();
      life = current;
      connecting = connect(current).catch((error: unknown) => {
        if (current.signal.aborted) return;
        isConnected = false;
        onState('disconnected', error);
      });
    },
    async stop() {
      life.abort();
      const was = isConnected;
      isConnected = false;
      const closing = connection;
      connection = undefined;
      // One that was never reached is tried for ever, and ends with the process.
      if (!closing) return;
      await closeConnection(closing, was);
      await connecting;
    },
  };
}
