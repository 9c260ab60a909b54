import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from '#kernel/sql';
import { askAt, type MetaServer } from './meta-server.ts';

/** The original program, a development dependency, on the same kind of database. It takes seconds to load. */
export async function startOriginal({ host, port, database, user, password }: ConnectionOptions): Promise<MetaServer> {
  const program = join(
    dirname(createRequire(import.meta.url).resolve('@supabase/postgres-meta')),
    '..',
    'server',
    'server.js',
  );
  const own = await freePort();
  const url = new URL('postgres://localhost');
  url.pathname = `/${database}`;
  url.searchParams.set('host', host);
  url.searchParams.set('port', String(port));
  url.searchParams.set('user', user);
  url.searchParams.set('password', password ?? '');
  const child = spawn(process.execPath, [program], {
    env: {
      PATH: process.env.PATH ?? '',
      PG_META_HOST: '127.0.0.1',
      PG_META_PORT: String(own),
      PG_META_DB_URL: url.href,
    },
    stdio: 'ignore',
  });
  const ask = askAt(`http://127.0.0.1:${own}`);
  const until = performance.now() + 90_000;
  while (!(await ask('GET', '/health').catch(() => undefined))) {
    if (child.exitCode !== null || performance.now() > until) throw new Error('the original did not start');
    await sleep(100);
  }
  return {
    ask,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

// It takes the next one too, for its metrics.
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const next = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      next.once('error', () => resolve(false));
      next.listen(port + 1, '127.0.0.1', () => resolve(true));
    });
    await Promise.all([server, next].map((each) => new Promise((resolve) => each.close(resolve))));
    if (isFree) return port;
  }
}
