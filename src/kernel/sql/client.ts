import net from 'node:net';
import pg from 'pg';
import type { ConnectionOptions } from './connection-options.ts';
import { Exchange } from './exchange.ts';
import { StatementCache } from './statement-cache.ts';

/** One server connection with its prepared statements. */
export interface Client {
  readonly pg: pg.Client;
  readonly statements: StatementCache;
  /** Batches of messages past the driver; only while the driver itself has nothing under way. */
  readonly exchange: Exchange;
  readonly openedAt: number;
  readonly options: ConnectionOptions;
  /** False once the socket failed or was closed: such a client is never lent again. */
  usable: boolean;
  /** How many transactions it is lent to at once. */
  passengers: number;
  /** Wall-clock milliseconds of the last return to the pool. */
  idleSince: number;
}

/** Text for every type: rooms decide themselves what a value means, and numbers must not lose digits. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => (value: unknown) => value };

/** With `asText`, values of catalogue queries in the types JavaScript has for them. */
const native: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    pg.types.getTypeParser(oid as never, format as never)) as pg.CustomTypesConfig['getTypeParser'],
};

// Transactions without a BEGIN of their own have these, whatever a role or database was given as defaults.
const sessionDefaults = 'set session characteristics as transaction isolation level read committed, read write';

/**
 * Opens a connection.
 *
 * @param statementLimit prepared statements kept on it
 * @param rawText true: every value is returned as the server's text
 * @throws the server's error (28P01 …) or the socket's (ECONNREFUSED …)
 */
export async function connectClient(
  options: ConnectionOptions,
  statementLimit = 100,
  rawText = false,
  connectTimeout = 10_000,
): Promise<Client> {
  return withTls(options, (tls) => open(options, tls, statementLimit, rawText, connectTimeout));
}

/** Opens with TLS or without, as the options say. */
export async function withTls<T>(options: ConnectionOptions, attempt: (tls: boolean) => Promise<T>): Promise<T> {
  const mode = options.sslMode ?? (options.host.startsWith('/') ? 'disable' : 'prefer');
  try {
    return await attempt(mode !== 'disable');
  } catch (error) {
    if (mode !== 'prefer' || !/does not support SSL/.test((error as Error).message)) throw error;
    return attempt(false);
  }
}

/** A connection of the driver that is not open yet. @param more settings of the driver besides */
export function createConnection(
  options: ConnectionOptions,
  tls: boolean,
  rawText: boolean,
  connectTimeout: number,
  more: Readonly<Record<string, unknown>> = {},
): pg.Client {
  const verify = options.sslMode === 'verify-full' || options.sslMode === 'verify-ca';
  return new pg.Client({
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    // pg would look for ~/.pgpass and PGPASSWORD otherwise.
    password: options.password ?? '',
    fallback_application_name: options.applicationName ?? 'pmoves-supabase',
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    types: rawText ? asText : native,
    ssl: tls
      ? {
          rejectUnauthorized: verify,
          ...(options.sslRootCertificate && { ca: options.sslRootCertificate }),
          ...(options.sslMode === 'verify-ca' && { checkServerIdentity: () => undefined }),
        }
      : false,
    ...more,
  });
}

async function open(
  options: ConnectionOptions,
  tls: boolean,
  statementLimit: number,
  rawText: boolean,
  connectTimeout: number,
): Promise<Client> {
  const connection = createConnection(options, tls, rawText, connectTimeout);
  let client: Client | undefined;
  let lost: unknown;
  // Errors between queries (server restart, terminated backend) arrive here; the pool drops the client on return.
  const lose = (error: unknown = new Error('Connection terminated unexpectedly')) => {
    lost ??= error;
    if (!client) return;
    client.usable = false;
    client.exchange.fail(error);
  };
  connection.on('error', lose);
  connection.on('end', () => lose());
  await connection.connect();
  await connection.query(sessionDefaults);
  client = {
    pg: connection,
    statements: new StatementCache(statementLimit),
    exchange: new Exchange(connection),
    openedAt: Date.now(),
    options,
    usable: lost === undefined,
    passengers: 0,
    idleSince: Date.now(),
  };
  return client;
}
/**
 * Asks the server to cancel what a connection is doing, over a connection of its own (protocol documentation,
 * "Canceling Requests in Progress"). Never throws: the request may be over already.
 */
export function cancelQuery(client: Pick<Client, 'pg' | 'options'>): void {
  const { processID, secretKey } = client.pg as unknown as { processID: number; secretKey: number };
  if (!processID) return;
  const { host, port } = client.options;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host);
  socket.setTimeout(5_000, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.end(request);
}
