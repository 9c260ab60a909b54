import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connectClient } from './client.ts';
import type { ConnectionOptions } from './connection-options.ts';

/** How notifications are received. Callbacks must not throw. */
export interface ListenerOptions {
  readonly connection: ConnectionOptions;
  readonly channels: readonly string[];
  /** Called after `onConnect` of the session that heard it, also for what came while its channels were taken up. */
  readonly onNotify: (channel: string, payload: string) => void;
  /**
   * After every connect, the first included: notifications may have been lost before it. The client may be used for
   * statements until its connection is lost; ending it makes the listener connect anew.
   */
  readonly onConnect: (client: Client) => void;
  readonly onError: (error: unknown) => void;
}

/** A LISTEN connection that comes back by itself (exponential back-off, 0.1 s to 32 s). */
export interface Listener {
  readonly connected: boolean;
  stop(): Promise<void>;
}

/** Starts listening. Resolves at once; `onConnect` says when it works. */
export function createListener(options: ListenerOptions): Listener {
  const stopping = new AbortController();
  let client: Client | undefined;
  let connected = false;

  async function session(): Promise<void> {
    const heard: [channel: string, payload: string][] = [];
    let isReady = false;
    client = await connectClient(options.connection);
    // Asked to stop while connecting: nobody would end this connection any more.
    stopping.signal.throwIfAborted();
    const ended = new Promise<void>((resolve) => client?.pg.once('end', () => resolve()));
    client.pg.on('notification', ({ channel, payload = '' }) => {
      if (isReady) options.onNotify(channel, payload);
      else heard.push([channel, payload]);
    });
    for (const channel of options.channels) await client.pg.query(`listen ${client.pg.escapeIdentifier(channel)}`);
    connected = true;
    options.onConnect(client);
    isReady = true;
    for (const [channel, payload] of heard) options.onNotify(channel, payload);
    await ended;
  }

  async function run(): Promise<void> {
    let delay = 100;
    while (!stopping.signal.aborted) {
      try {
        await session();
        delay = 100;
      } catch (error) {
        if (!stopping.signal.aborted) options.onError(error);
        await client?.pg.end().catch(() => {});
      }
      connected = false;
      client = undefined;
      await sleep(delay, undefined, { signal: stopping.signal }).catch(() => {});
      delay = Math.min(delay * 2, 32_000);
    }
  }

  const running = run();
  return {
    get connected() {
      return connected;
    },
    async stop() {
      stopping.abort();
      await client?.pg.end().catch(() => {});
      await running;
    },
  };
}
