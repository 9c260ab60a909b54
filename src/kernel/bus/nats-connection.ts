import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';

/**
 * Connects to NATS, and goes on trying until it has, then and after each loss. The client library is loaded here.
 *
 * @param servers `nats://` or `tls://` URLs; user and password, or a token in the place of the user, may stand in them
 */
export async function openConnection(
  servers: readonly string[],
  options: Pick<ConnectionOptions, 'name' | 'noEcho'>,
): Promise<NatsConnection> {
  const { connect } = await import('@nats-io/transport-node');
  const { addresses, credentials, tls } = partsOf(servers);
  return await connect({
    servers: addresses,
    ...credentials,
    ...(tls && { tls: {} }),
    ...options,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    pingInterval: 5_000,
    maxPingOut: 2,
  });
}

/** Milliseconds that what was published last has to leave before its connection is closed all the same. */
const farewell = 1_000;

/**
 * Closes a connection in any state, within a moment: one that is lost or being opened anew is not waited for, which `drain`
 * alone would do for ever.
 *
 * @param isConnected whether what was published last can still be sent
 */
export async function closeConnection(connection: NatsConnection, isConnected: boolean): Promise<void> {
  if (isConnected) {
    const over = new AbortController();
    const patience = sleep(farewell, undefined, { signal: over.signal }).catch(() => {});
    await Promise.race([connection.flush().catch(() => {}), patience]);
    over.abort();
  }
  await connection.close().catch(() => {});
}

/** Servers without what is secret, and the credentials of the first that has some. */
export function partsOf(servers: readonly string[]): {
  readonly addresses: string[];
  readonly credentials: { readonly user?: string; readonly pass?: string; readonly token?: string };
  readonly tls: boolean;
} {
  const urls = servers.map((server) => new URL(server.includes('://') ? server : `nats://${server}`));
  const named = urls.find(({ username }) => username !== '');
  const [user, pass] = [named?.username ?? '', named?.password ?? ''].map(decodeURIComponent);
  return {
    addresses: urls.map(({ hostname, port }) => `${hostname}:${port || 4222}`),
    credentials: !user ? {} : pass ? { user, pass } : { token: user },
    tls: urls.some(({ protocol }) => protocol === 'tls:'),
  };
}
