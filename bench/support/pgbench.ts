import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Product } from './product.ts';
import { keyValue, type ScenarioSql } from './rest-sql.ts';

/** One pgbench run over the server's own socket. */
export interface PgbenchOptions {
  readonly product: Product;
  readonly sql: ScenarioSql;
  /** The random number goes from 1 to this. */
  readonly keys: number;
  /** True: the whole transaction in one write, as rest sends it. */
  readonly pipelined: boolean;
  readonly clients: number;
  readonly seconds: number;
}

/** Runs pgbench with prepared statements and two threads. @returns its rate and the command line, for the report */
export function pgbench(options: PgbenchOptions): { readonly perSecond: number; readonly command: string } {
  const { database, env } = options.product;
  const folder = mkdtempSync(join(tmpdir(), 'pgbench-'));
  const file = join(folder, 'script.sql');
  const { script, variables } = scriptOf(options);
  writeFileSync(file, script);
  const flags = ['-n', '-M', 'prepared', '-c', String(options.clients), '-j', '2', '-T', String(options.seconds)];
  const given = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
  const server = ['-h', database.socketDir, '-p', String(database.port), '-U', 'authenticator'];
  try {
    const output = execFileSync('pgbench', [...server, ...flags, ...given, '-f', file, database.name], {
      encoding: 'utf8',
      env: { ...process.env, PGPASSWORD: env.POSTGRES_PASSWORD ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const tps = Number(/tps = ([\d.]+) \(without/.exec(output)?.[1]);
    return { perSecond: tps, command: `pgbench ${flags.join(' ')}${options.pipelined ? ' (\\startpipeline)' : ''}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The transaction as a script whose parameters are pgbench's variables, so that they are bound and not written in. */
function scriptOf({ sql, keys, pipelined }: PgbenchOptions): { script: string; variables: Record<string, string> } {
  const variables: Record<string, string> = {};
  const steps = sql.steps.map(({ text, values }, step) =>
    text.replace(/\$(\d+)/g, (_, number: string) => {
      const value = values[Number(number) - 1] ?? '';
      if (value === keyValue) return ':key';
      variables[`p${step}_${number}`] = value;
      return `:p${step}_${number}`;
    }),
  );
  // A pipeline is one transaction by itself.
  const [begin, end] = pipelined && sql.begin === undefined ? [[], []] : [[sql.begin ?? 'begin'], ['commit']];
  const lines = [...begin, ...steps, ...end].map((text) => `${text.replaceAll('\n', ' ')};`);
  if (pipelined) {
    lines.unshift('\\startpipeline');
    lines.push('\\endpipeline');
  }
  return { script: `\\set key random(1, ${keys})\n${lines.join('\n')}\n`, variables };
}
