// Measured against PgBouncer (session mode for prepared statements, transaction mode otherwise) and against the server's own
// socket: pgbench over TCP with SCRAM, rounds in turn (bars: 0.9 × PgBouncer with prepared statements; 1 ms more than direct in
// the median at 5,000 queries a second; 20 KB for an idle client).
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { residentMegabytes } from './support/cpu.ts';
import { median } from './support/load.ts';
import { medianLatency, type PgbenchTarget, pgbenchCommand, rateOf } from './support/pgbench-command.ts';
import { modes, startPgBouncer } from './support/pgbouncer.ts';
import { startProduct } from './support/product.ts';

const rounds = Number(process.env.ROUNDS ?? 3);
const seconds = Number(process.env.SECONDS ?? 2);
const idleClients = Number(process.env.IDLE ?? 2_000);
const wanted = (process.env.ONLY ?? 'rate,latency,memory').split(',');
const scripts = (process.env.SCRIPTS ?? 'select-only,tpcb-like').split(',');
const protocols = (process.env.PROTOCOLS ?? 'simple,extended,prepared').split(',');
const counts = (process.env.CLIENTS ?? '10,500').split(',').map(Number);
const tlsModes = (process.env.TLS ?? 'off,on').split(',');
const poolSize = 20;
const maxSessions = 520;

const product = await startProduct({
  settings: {
    SERVICES: 'db,pooler,gateway',
    POOLER_DEFAULT_POOL_SIZE: String(poolSize),
    POOLER_MAX_CLIENT_CONN: '5000',
    STACK_DB_MAX_CONNECTIONS: String(3 * maxSessions),
  },
  ...(process.env.PROFILE && { nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`] }),
});
const bouncer = await startPgBouncer(product, poolSize, maxSessions);
const account = { user: 'postgres', password: product.env.POSTGRES_PASSWORD ?? '', tls: false };
const direct: PgbenchTarget = {
  ...account,
  host: product.database.socketDir,
  port: product.database.port,
  database: product.database.name,
};
const ours = { ...direct, host: '127.0.0.1', port: Number(product.env.POOLER_PROXY_PORT_TRANSACTION ?? 6543) };
const theirs = (mode: keyof typeof modes) => ({ ...ours, port: bouncer.port, database: modes[mode] });

try {
  console.log(`PgBouncer's configuration:\n${bouncer.configuration}`);
  await pgbenchCommand(direct, ['-i', '-q', '-s', '10']);
  if (wanted.includes('rate')) await rates();
  if (wanted.includes('latency')) await latencies();
  if (wanted.includes('memory')) await memory();
} finally {
  await bouncer.stop();
  await product.stop();
  product.remove();
}

async function rates(): Promise<void> {
  console.log(`transactions a second, median of ${rounds} rounds of ${seconds} s; pools of ${poolSize} connections`);
  for (const script of scripts)
    for (const clients of counts)
      for (const tls of tlsModes)
        for (const protocol of protocols) await compare(script, protocol, clients, tls === 'on');
}

async function compare(script: string, protocol: string, clients: number, tls: boolean): Promise<void> {
  const mode = protocol === 'prepared' ? 'session' : 'transaction';
  const targets = { ours: { ...ours, tls }, theirs: { ...theirs(mode), tls }, direct };
  const flags = ['-n', '-b', script, '-M', protocol, '-c', String(clients), '-j', '2'];
  const found: Record<keyof typeof targets, number[]> = { ours: [], theirs: [], direct: [] };
  for (let round = 0; round < rounds; round++)
    for (const name of Object.keys(targets) as (keyof typeof targets)[])
      found[name].push(rateOf(await pgbenchCommand(targets[name], [...flags, ...lengthOf(script, clients)])));
  const [our, their, straight] = [median(found.ours), median(found.theirs), median(found.direct)];
  const figure = (value: number) => value.toFixed(0).padStart(7);
  console.log(
    `${script.padEnd(12)}${protocol.padEnd(9)}${String(clients).padStart(4)} clients${tls ? ', TLS' : '     '}:${figure(our)}` +
      `  PgBouncer (${mode})${figure(their)}  direct${figure(straight)}   ${(our / their).toFixed(2)} × PgBouncer`,
  );
}

/** pgbench's time includes connecting, which takes longer than a round where clients are many: they count transactions. */
function lengthOf(script: string, clients: number): string[] {
  if (clients <= 50) return ['-T', String(seconds)];
  return ['-t', String(Math.ceil((seconds * (script === 'select-only' ? 15_000 : 1_500)) / clients))];
}

async function latencies(): Promise<void> {
  const rate = 5_000;
  const flags = ['-n', '-b', 'select-only', '-M', 'prepared', '-c', '10', '-j', '2', '-R', String(rate)];
  const targets = { 'the pooler': ours, 'PgBouncer (session)': theirs('session'), direct };
  console.log(`\nmedian latency at ${rate} queries a second, prepared, 10 clients, median of ${rounds} rounds`);
  const found = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++)
    for (const [name, target] of Object.entries(targets))
      found.set(name, [...(found.get(name) ?? []), await medianLatency(target, [...flags, '-T', String(2 * seconds)])]);
  for (const [name, values] of found) console.log(`  ${name.padEnd(20)}${median(values).toFixed(2).padStart(6)} ms`);
}

async function memory(): Promise<void> {
  console.log(`\nmemory of ${idleClients} idle clients that have each run one query`);
  for (const [name, pid, port, database] of [
    ['the pooler', product.pid, ours.port, ours.database],
    ['PgBouncer', bouncer.pid, bouncer.port, modes.transaction],
  ] as const) {
    const before = residentMegabytes(pid).now;
    const clients: pg.Client[] = [];
    while (clients.length < idleClients) {
      const batch = Array.from({ length: 50 }, () => new pg.Client({ ...ours, port, database, ssl: false }));
      await Promise.all(batch.map((client) => client.connect()));
      await Promise.all(batch.map((client) => client.query('select 1')));
      clients.push(...batch);
    }
    // Time for the collector to come by.
    await sleep(3_000);
    const kilobytes = ((residentMegabytes(pid).now - before) * 1_024) / clients.length;
    console.log(`  ${name.padEnd(20)}${kilobytes.toFixed(1).padStart(6)} KB each`);
    await Promise.all(clients.map((client) => client.end()));
  }
}
