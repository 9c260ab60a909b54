import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Product } from './product.ts';
import { keyValue, type ScenarioSql } from './rest-sql.ts';

/** What a naive server is told. */
export interface NaiveSetup {
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password: string;
  };
  readonly jwtSecret: string;
  readonly prepared: boolean;
  readonly keyValue: string;
  /** By the path they are asked for with. */
  readonly scenarios: Readonly<Record<string, ScenarioSql & { readonly body: string | undefined }>>;
}

/** A naive server as a process of its own. */
export interface NaiveServer {
  readonly port: number;
  stop(): void;
}

/** Starts a server that does what rest does in the usual way: a round trip for each statement. */
export async function startNaive(
  { database, env }: Product,
  scenarios: NaiveSetup['scenarios'],
  prepared: boolean,
): Promise<NaiveServer> {
  const setup: NaiveSetup = {
    connection: {
      host: database.socketDir,
      port: database.port,
      database: database.name,
      user: 'authenticator',
      password: env.POSTGRES_PASSWORD ?? '',
    },
    jwtSecret: env.JWT_SECRET ?? '',
    prepared,
    keyValue,
    scenarios,
  };
  const folder = mkdtempSync(join(tmpdir(), 'naive-'));
  const file = join(folder, 'setup.json');
  writeFileSync(file, JSON.stringify(setup), { mode: 0o600 });
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'naive-server.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  rmSync(folder, { recursive: true });
  return { port: Number(line.toString()), stop: () => child.kill() };
}
