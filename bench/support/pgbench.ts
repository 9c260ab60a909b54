import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One pgbench run. */
export interface PgbenchOptions {
  readonly socketDir: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly script: string;
  readonly clients: number;
  readonly seconds: number;
}

/** Runs pgbench with prepared statements and two threads. @returns its rate and the command line, for the report */
export function pgbench(options: PgbenchOptions): { readonly perSecond: number; readonly command: string } {
  const folder = mkdtempSync(join(tmpdir(), 'pgbench-'));
  const file = join(folder, 'script.sql');
  writeFileSync(file, options.script);
  const flags = ['-n', '-M', 'prepared', '-c', String(options.clients), '-j', '2', '-T', String(options.seconds)];
  try {
    const output = execFileSync(
      'pgbench',
      ['-h', options.socketDir, '-p', String(options.port), '-U', options.user, ...flags, '-f', file, options.database],
      { encoding: 'utf8', env: { ...process.env, PGPASSWORD: options.password }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const tps = Number(/tps = ([\d.]+) \(without/.exec(output)?.[1]);
    return { perSecond: tps, command: `pgbench ${flags.join(' ')}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
