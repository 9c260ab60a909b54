import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { until, untilServed } from '../support/client.ts';
import { freePorts } from '../support/ports.ts';
import { runProgram, spawnProgram } from '../support/program.ts';
import { runSql } from '../support/sql.ts';
import { choosePorts, type Stack, startStack } from '../support/stack.ts';
import { dataDirectory, makeWorkspace, postmasterPid, removeWorkspace } from '../support/workspace.ts';

// Processes are killed at the worst moment. What was acknowledged must be there afterwards, and nobody has to help.
const cleanups: (() => Promise<void> | void)[] = [];

function workspace(): string {
  const cwd = makeWorkspace();
  cleanups.push(() => removeWorkspace(cwd));
  return cwd;
}

async function started(cwd: string, env?: Record<string, string>): Promise<Stack> {
  const stack = await startStack({ cwd, ...(env && { env }) });
  cleanups.push(stack.stop);
  return stack;
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Writers that insert numbered rows through REST as fast as they can, and remember which were acknowledged. */
function startWriters(stack: Stack, writers: number, first = 0) {
  const acknowledged: number[] = [];
  const refusals = new Map<string, number>();
  let next = first;
  let running = true;
  const write = async () => {
    while (running) {
      const id = next++;
      try {
        const answer = await fetch(`${stack.url}/rest/v1/ledger`, {
          method: 'POST',
          headers: { apikey: stack.env.serviceKey, 'content-type': 'application/json' },
          body: JSON.stringify({ id, note: `row ${id}` }),
          signal: AbortSignal.timeout(20_000),
        });
        const text = await answer.text();
        if (answer.ok) acknowledged.push(id);
        else {
          const kind = `${answer.status} ${text.slice(0, 80)}`;
          refusals.set(kind, (refusals.get(kind) ?? 0) + 1);
          await sleep(20);
        }
      } catch {
        await sleep(20);
      }
    }
  };
  const done = Promise.all(Array.from({ length: writers }, write));
  return {
    acknowledged,
    refusals,
    async stop() {
      running = false;
      await done;
    },
  };
}

async function makeLedger(stack: Stack): Promise<void> {
  await runSql(stack, 'create table ledger (id bigint primary key, note text not null)');
  await untilServed(stack, ['ledger']);
}

async function lostRows(stack: Stack, acknowledged: readonly number[]): Promise<number[]> {
  const rows = await runSql<{ id: string }>(stack, 'select id from ledger');
  const kept = new Set(rows.map(({ id }) => Number(id)));
  return acknowledged.filter((id) => !kept.has(id));
}

describe('kill -9 under write load loses no acknowledged row', () => {
  test('of PostgreSQL: the program brings it back by itself', async () => {
    const stack = await started(workspace());
    await makeLedger(stack);
    const load = startWriters(stack, 8);
    await until('some writes', async () => load.acknowledged.length > 200);
    const server = stack.postmaster() as number;
    process.kill(server, 'SIGKILL');
    const before = load.acknowledged.length;
    await until('writes going on after the crash', async () => load.acknowledged.length > before + 200, 30_000);
    await load.stop();
    expect(stack.postmaster()).not.toBe(server);
    expect(await lostRows(stack, load.acknowledged)).toEqual([]);
    for (const kind of load.refusals.keys()) expect(kind).toMatch(/^50[0-9] /);
    await until('health being good again', async () => (await fetch(`${stack.url}/health`)).status === 200);
  });

  const victims: readonly [string, (stack: Stack) => Promise<void>][] = [
    ['of the program', (stack) => stack.kill('SIGKILL')],
    [
      'of both',
      async (stack) => {
        const server = stack.postmaster() as number;
        const dead = stack.kill('SIGKILL');
        process.kill(server, 'SIGKILL');
        await dead;
      },
    ],
  ];

  test.each(victims)('%s: the next start serves without help', async (_name, kill) => {
    const cwd = workspace();
    let stack = await started(cwd);
    await makeLedger(stack);
    const acknowledged: number[] = [];
    for (let round = 0; round < 2; round++) {
      const load = startWriters(stack, 8, round * 1_000_000);
      await until('some writes', async () => load.acknowledged.length > 100);
      await kill(stack);
      await load.stop();
      acknowledged.push(...load.acknowledged);
      stack = await started(cwd);
      expect(await lostRows(stack, acknowledged)).toEqual([]);
    }
  });

  test('in the middle of the first start', async () => {
    const cwd = workspace();
    await choosePorts(cwd);
    for (const delay of [150, 500]) {
      const child = spawnProgram(['start'], { cwd });
      await sleep(delay);
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const stack = await started(cwd);
    expect((await fetch(`${stack.url}/auth/v1/health`, { headers: { apikey: stack.env.anonKey } })).status).toBe(200);
  });
});

describe('one data directory', () => {
  test('a second start on it ends with one clear line, and the first goes on', async () => {
    const cwd = workspace();
    const stack = await started(cwd);
    const [http, postgres] = await freePorts(2);
    const env = { KONG_HTTP_PORT: String(http), POSTGRES_PORT: String(postgres) };
    const { code, stderr } = await runProgram(['start'], { cwd, env, timeout: 30_000 });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('VOLUMES_DIR');
    expect(stderr).toContain(String(stack.pid));
    expect(await (await fetch(`${stack.url}/health`)).json()).toMatchObject({ status: 'ok' });
    expect(await stack.status()).toMatchObject({ running: true, pid: stack.pid });
  });

  test("a killed server's postmaster.pid whose number belongs to somebody else now is no obstacle", async () => {
    const cwd = workspace();
    const stack = await started(cwd);
    await makeLedger(stack);
    const server = stack.postmaster() as number;
    const file = join(dataDirectory(cwd) as string, 'postmaster.pid');
    const left = readFileSync(file, 'utf8');
    const dead = stack.kill('SIGKILL');
    process.kill(server, 'SIGKILL');
    await dead;
    const stranger = sleeper();
    await once(stranger, 'spawn');
    writeFileSync(file, left.replace(/^\d+/, String(stranger.pid)));
    const next = await started(cwd);
    expect(await runSql(next, 'select * from ledger')).toEqual([]);
    expect(stranger.exitCode).toBeNull();
    expect(stranger.signalCode).toBeNull();
  });
});

function sleeper(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600_000)'], { stdio: 'ignore' });
  cleanups.push(() => void child.kill('SIGKILL'));
  return child;
}

describe('stopping', () => {
  test('requests in flight are finished, new ones refused, and the server ends too', async () => {
    const stack = await started(workspace());
    await runSql(stack, `create function slow() returns text language sql as $$ select 'done' from pg_sleep(1.5) $$`);
    const headers = { apikey: stack.env.serviceKey, 'content-type': 'application/json' };
    const call = () => fetch(`${stack.url}/rest/v1/rpc/slow`, { method: 'POST', headers, body: '{}' });
    await until('the function being served', async () => (await call()).status === 200);
    const inFlight = call();
    await sleep(300);
    const server = stack.postmaster();
    const gone = stack.kill('SIGTERM');
    await sleep(200);
    await expect(fetch(`${stack.url}/health`, { headers: { connection: 'close' } })).rejects.toThrow();
    const answer = await inFlight;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toBe('done');
    await gone;
    expect(server).toBeDefined();
    expect(postmasterPid(stack.cwd)).toBeUndefined();
    expect(stack.log()).toContain('"stopped"');
  });
});

describe('a folder that others may not enter', () => {
  test('below a 0700 folder the stack starts; as root its data goes where the server may go, and it says so', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'private-'));
    chmodSync(parent, 0o700);
    const cwd = mkdtempSync(join(parent, 'clone-'));
    cleanups.push(
      () => rmSync(parent, { recursive: true, force: true }),
      () => removeWorkspace(cwd),
    );
    const stack = await started(cwd);
    await makeLedger(stack);
    const data = dataDirectory(cwd) as string;
    if (process.getuid?.() === 0) {
      expect(data).toMatch(/^\/var\/lib\/pmoves-supabase\/[^/]+\/data$/);
      expect(stack.log()).toContain(data.replace(/\/data$/, ''));
    } else expect(data.startsWith(cwd)).toBe(true);
    await runSql(stack, `insert into ledger values (1, 'kept')`);
    await stack.stop();
    const again = await started(cwd);
    expect(await runSql(again, 'select note from ledger')).toEqual([{ note: 'kept' }]);
  });
});
