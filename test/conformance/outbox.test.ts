import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasNatsServer, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// Events leave the database while NATS, the program and PostgreSQL are killed in turn.
const store = mkdtempSync(join(tmpdir(), 'outbox-'));
const rounds = Number(process.env.OUTBOX_ROUNDS ?? 1);
const rows = 8;
let nats: NatsServer;
let cwd: string;
let stack: Stack;

const start = () =>
  startStack({ cwd, env: { NATS_URL: nats.url, STACK_NATS_PREFIX: 'test', SERVICES: 'db,pooler,gateway' } });

describe.skipIf(!hasNatsServer)('the outbox', () => {
  beforeAll(async () => {
    nats = await startNatsServer({ store });
    cwd = makeWorkspace();
    stack = await start();
  });
  afterAll(async () => {
    await stack?.stop();
    if (cwd) removeWorkspace(cwd);
    await nats?.stop();
    rmSync(store, { recursive: true, force: true });
  });

  const open = async () => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: stack.dbPort,
      user: 'postgres',
      password: stack.env.postgresPassword,
      database: 'postgres',
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  };

  /** Changes each row again and again; a change that was not acknowledged may have been made or not. */
  function startWriters() {
    let running = true;
    let made = 0;
    const write = async (id: number) => {
      let client: pg.Client | undefined;
      while (running) {
        try {
          client ??= await open();
          await client.query('update ledger set version = version + 1 where id = $1', [id]);
          made++;
          if (id % 2 === 0) {
            await client.query('begin');
            await client.query('update ledger set version = -1 where id = $1', [id]);
            await client.query('rollback');
          }
          await sleep(10);
        } catch {
          await client?.end().catch(() => {});
          client = undefined;
          await sleep(50);
        }
      }
      await client?.end().catch(() => {});
    };
    const done = Promise.all(Array.from({ length: rows }, (_, id) => write(id)));
    return {
      /** Waits for some more changes. */
      async progress() {
        const from = made;
        await expect.poll(() => made, { timeout: 60_000 }).toBeGreaterThan(from + 10 * rows);
      },
      async stop() {
        running = false;
        await done;
      },
    };
  }

  test('exactly the committed changes arrive, in order, whoever is killed', async () => {
    const added = await stack.run('outbox', 'add', 'ledger', '--table', 'public.ledger', '--to', 'nats:');
    expect(added.stderr).toContain('does not exist');
    let client = await open();
    await client.query('create table ledger (id int primary key, version int not null)');
    expect((await stack.run('outbox', 'add', 'ledger', '--table', 'public.ledger', '--to', 'nats:')).code).toBe(0);
    await client.query('insert into ledger select id, 0 from generate_series(0, $1::int - 1) as id', [rows]);
    await client.end();
    const writers = startWriters();
    for (let round = 0; round < rounds; round++) {
      await writers.progress();
      await nats.stop('SIGKILL');
      await writers.progress();
      nats = await startNatsServer({ store, port: nats.port });
      await writers.progress();
      process.kill(stack.postmaster() as number, 'SIGKILL');
      await writers.progress();
      await stack.kill('SIGKILL');
      stack = await start();
      await writers.progress();
    }
    await writers.stop();
    client = await open();
    const waiting = async () =>
      (await client.query('select count(*)::int as count from supabase_functions.outbox_events')).rows[0].count;
    await expect.poll(waiting, { timeout: 60_000 }).toBe(0);
    const { rows: last } = await client.query('select version from ledger order by id');
    await client.end();

    const connection = await connect({ servers: nats.url });
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info('SUPABASE');
    const versions = Array.from({ length: rows }, () => [] as number[]);
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage('SUPABASE', { seq });
      const { id, version } = message?.json<{ payload: { record: { id: number; version: number } } }>().payload
        .record ?? { id: -1, version: -1 };
      versions[id]?.push(version);
    }
    await connection.close();
    // None is missing, none comes twice, none was rolled back, and none overtook another.
    for (const [id, seen] of versions.entries())
      expect(seen).toEqual(Array.from({ length: last[id].version + 1 }, (_, version) => version));
    expect(versions.flat().length).toBeGreaterThan(50 * rows);
    const listed = JSON.parse((await stack.run('outbox', 'list', '--json')).stdout);
    expect(listed.outbox).toMatchObject([{ name: 'ledger', waiting: 0, dead: 0 }]);
  }, 240_000);
});
