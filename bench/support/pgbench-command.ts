import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './load.ts';

/** Where pgbench connects. */
export interface PgbenchTarget {
  /** A folder means the socket in it. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: boolean;
}

const run = promisify(execFile);

/** Runs pgbench with these flags. @returns what it printed @throws Error with its complaint */
export async function pgbenchCommand(
  target: PgbenchTarget,
  flags: readonly string[],
  folder?: string,
): Promise<string> {
  const server = ['-h', target.host, '-p', String(target.port), '-U', target.user];
  const env = {
    PATH: process.env.PATH ?? '',
    PGPASSWORD: target.password,
    PGSSLMODE: target.tls ? 'require' : 'disable',
  };
  const { stdout } = await run('pgbench', [...server, ...flags, target.database], {
    env,
    ...(folder && { cwd: folder }),
  });
  return stdout;
}

/** Transactions a second in pgbench's report, without the time that connecting took. */
export const rateOf = (report: string): number => Number(/tps = ([\d.]+) \(without/.exec(report)?.[1]);

/** Median latency, in milliseconds, of transactions sent at a steady rate, counted from when each was due. */
export async function medianLatency(target: PgbenchTarget, flags: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'pgbench-'));
  try {
    await pgbenchCommand(target, [...flags, '-l'], folder);
    // Lines are: client, transaction, microseconds, script, seconds and microseconds of the end, microseconds of delay.
    const times = readdirSync(folder).flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => Number(line.split(' ')[2]) / 1_000),
    );
    return median(times);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
