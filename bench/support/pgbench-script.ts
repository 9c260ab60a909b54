import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Product } from './product.ts';

/** A script of statements that pgbench repeats. */
export interface ScriptRun {
  readonly product: Product;
  readonly user: string;
  readonly script: string;
  readonly clients: number;
  readonly seconds: number;
}

/** Runs a script (variable `n` begins at 0) with prepared statements and two threads over the product's own socket. @returns runs of it a second */
export function runScript({ product, user, script, clients, seconds }: ScriptRun): number {
  const { database, env } = product;
  const folder = mkdtempSync(join(tmpdir(), 'pgbench-'));
  const file = join(folder, 'script.sql');
  writeFileSync(file, script);
  const flags = [
    '-n',
    '-M',
    'prepared',
    '-c',
    String(clients),
    '-j',
    '2',
    '-T',
    String(seconds),
    '-D',
    'n=0',
    '-f',
    file,
  ];
  try {
    const output = execFileSync(
      'pgbench',
      ['-h', database.socketDir, '-p', String(database.port), '-U', user, ...flags, database.name],
      {
        encoding: 'utf8',
        env: { ...process.env, PGPASSWORD: env.POSTGRES_PASSWORD ?? '' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    return Number(/tps = ([\d.]+) \(without/.exec(output)?.[1]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
