import type { Socket } from 'node:net';
import type pg from 'pg';
import { createConnection, withTls } from './client.ts';
import type { ConnectionOptions } from './connection-options.ts';

/** A connection to a walsender of one database (protocol documentation, "Streaming Replication Protocol"). */
export interface ReplicationConnection {
  /**
   * Runs a command that answers with a stream, START_REPLICATION.
   *
   * @param onData gets each CopyData; the bytes are only valid during the call, and what it throws ends the stream
   * @returns a promise that is kept when the server ends the stream, and broken when it refuses or the connection is lost
   */
  stream(command: string, onData: (bytes: Buffer) => void): Promise<void>;
  /** Sends CopyData; nothing once the connection is gone. */
  send(bytes: Buffer): void;
  /** Stops and goes on reading from the socket. */
  pause(): void;
  resume(): void;
  /** Cuts the connection. */
  close(): void;
}

// What the text form of values depends on must not hang on a role's or database's settings.
const outputFormat = [
  'TimeZone=UTC',
  'DateStyle=ISO',
  'IntervalStyle=postgres',
  'extra_float_digits=1',
  'bytea_output=hex',
];

/**
 * Opens a replication connection. The role needs the attribute REPLICATION.
 *
 * @param timeout milliseconds after which the server takes a silent receiver for dead
 */
export async function connectReplication(options: ConnectionOptions, timeout = 10_000): Promise<ReplicationConnection> {
  const settings = [...outputFormat, `wal_sender_timeout=${timeout}`].map((setting) => `-c ${setting}`).join(' ');
  const client = await withTls(options, async (tls) => {
    const attempt = createConnection(options, tls, true, 10_000, { replication: 'database', options: settings });
    // The query under way is told as well.
    attempt.on('error', () => {});
    await attempt.connect();
    return attempt;
  });
  // Not among the driver's declared types; the protocol's messages pass here.
  const { connection } = client as unknown as { connection: DriverConnection };
  return {
    stream: (command, onData) => stream(client, connection, command, onData),
    send: (bytes) => {
      if (connection.stream.writable) connection.sendCopyFromChunk(bytes);
    },
    pause: () => void connection.stream.pause(),
    resume: () => void connection.stream.resume(),
    close: () => void connection.stream.destroy(),
  };
}

interface DriverConnection {
  readonly stream: Socket;
  on(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): void;
  off(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): void;
  sendCopyFromChunk(bytes: Buffer): void;
}

async function stream(
  client: pg.Client,
  connection: DriverConnection,
  command: string,
  onData: (bytes: Buffer) => void,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const listener = ({ chunk }: { readonly chunk: Buffer }): void => {
    if (failure) return;
    try {
      onData(chunk);
    } catch (error) {
      failure = { error };
      connection.stream.destroy();
    }
  };
  connection.on('copyData', listener);
  try {
    await client.query(command);
  } catch (error) {
    throw failure ? failure.error : error;
  } finally {
    connection.off('copyData', listener);
  }
  if (failure) throw failure.error;
}
