import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Product } from './product.ts';

/** A running PgBouncer in front of the product's own server. */
export interface PgBouncer {
  readonly port: number;
  readonly pid: number;
  /** What it was told, for the report. */
  readonly configuration: string;
  stop(): Promise<void>;
}

/** Its databases: one with sessions of their own, one that shares connections. */
export const modes = { session: 'sessions', transaction: 'transactions' } as const;

/** Starts one that logs clients and itself in with SCRAM and offers the pooler's own certificate. */
export async function startPgBouncer(product: Product, poolSize: number, maxSessions: number): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const { socketDir, port: serverPort, name } = product.database;
  const certificates = join(product.env.VOLUMES_DIR ?? join(product.folder, 'volumes'), 'pooler');
  for (const file of ['server.crt', 'server.key']) copyFileSync(join(certificates, file), join(folder, file));
  const password = (product.env.POSTGRES_PASSWORD ?? '').replaceAll('"', '""');
  writeFileSync(join(folder, 'users'), `"postgres" "${password}"\n`, { mode: 0o600 });
  const server = `host=${socketDir} port=${serverPort} dbname=${name}`;
  const configuration = `[databases]
${modes.transaction} = ${server} pool_mode=transaction pool_size=${poolSize}
${modes.session} = ${server} pool_mode=session pool_size=${maxSessions}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${folder}/users
client_tls_sslmode = allow
client_tls_cert_file = ${folder}/server.crt
client_tls_key_file = ${folder}/server.key
max_client_conn = 5000
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`;
  writeFileSync(join(folder, 'pgbouncer.ini'), configuration);
  // It refuses to run as root; whoever owns the server's socket may use it.
  const owner = process.getuid?.() === 0 ? statSync(socketDir) : undefined;
  if (owner)
    for (const file of ['server.crt', 'server.key', 'users', 'pgbouncer.ini'])
      chownSync(join(folder, file), owner.uid, owner.gid);
  const child = spawn('pgbouncer', ['-q', join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(owner && { uid: owner.uid, gid: owner.gid }),
  });
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error('PgBouncer did not start');
    await sleep(20);
  }
  return {
    port,
    pid: child.pid as number,
    configuration,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
