import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Client } from './client.ts';
import { poolExhausted, poolTimeout } from './errors.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { StatementCache } from './statement-cache.ts';

/** Stands for a server: counts the connections that are open. */
class FakeServer {
  open = 0;
  opened = 0;
  failing = false;
  delay = 0;

  readonly connect = async (): Promise<Client> => {
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    else await undefined;
    if (this.failing) throw new Error('connection refused');
    this.open++;
    this.opened++;
    const pg = {
      end: async () => {
        this.open--;
      },
    };
    return {
      pg,
      statements: new StatementCache(10),
      openedAt: Date.now(),
      usable: true,
      idleSince: 0,
      options: {},
    } as unknown as Client;
  };
}

function poolOf(server: FakeServer, options: Partial<PoolOptions> = {}): Pool {
  return new Pool(
    {
      connection: { host: 'h', port: 1, database: 'd', user: 'u' },
      size: 2,
      queueLimit: 2,
      acquireTimeout: 1_000,
      idleTimeout: 10_000,
      maxLifetime: 60_000,
      statementLimit: 10,
      rawText: false,
      ...options,
    },
    server.connect,
  );
}

const outcome = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};

describe('bounds', () => {
  test('no more connections are opened than its size, and they are lent again', async () => {
    const server = new FakeServer();
    const pool = poolOf(server);
    const [a, b] = [await pool.acquire(), await pool.acquire()];
    const third = pool.acquire();
    expect(pool.stats).toMatchObject({ open: 2, idle: 0, waiting: 1, max: 2 });
    pool.release(a);
    expect(await third).toBe(a);
    pool.release(a);
    pool.release(b);
    expect(await pool.acquire()).toBe(b);
    expect(server.opened).toBe(2);
  });

  test('beyond the queue a request is refused with 503 and told when to come again', async () => {
    const pool = poolOf(new FakeServer(), { size: 1, queueLimit: 1 });
    await pool.acquire();
    const waiting = outcome(() => pool.acquire());
    const refused = await outcome(() => pool.acquire());
    expect(refused).toMatchObject({ code: 'pool_exhausted', status: 503, headers: { 'retry-after': '1' } });
    expect(poolExhausted(refused)).toBe(true);
    expect(pool.stats.waiting).toBe(1);
    const closing = pool.close();
    expect(await waiting).toMatchObject({ code: 'pool_closed', status: 503 });
    void closing;
  });

  test('who waits too long is refused with 504, and gives up the place', async () => {
    const pool = poolOf(new FakeServer(), { size: 1, acquireTimeout: 20 });
    const client = await pool.acquire();
    const refused = await outcome(() => pool.acquire());
    expect(refused).toMatchObject({ code: 'pool_timeout', status: 504 });
    expect(poolTimeout(refused)).toBe(true);
    expect(pool.stats).toMatchObject({ waiting: 0, timeouts: 1 });
    pool.release(client);
    expect(await pool.acquire()).toBe(client);
  });
});

test('who waits longest is served first', async () => {
  const pool = poolOf(new FakeServer(), { size: 1, queueLimit: 10 });
  const served: number[] = [];
  let client = await pool.acquire();
  const waiting = [0, 1, 2, 3].map(async (n) => {
    const mine = await pool.acquire();
    served.push(n);
    return mine;
  });
  for (const next of waiting) {
    pool.release(client);
    client = await next;
  }
  expect(served).toEqual([0, 1, 2, 3]);
});

describe('brief transactions', () => {
  const open = async (size: number, lanes: number) => {
    const pool = poolOf(new FakeServer(), { size, lanes, queueLimit: 100 });
    const clients = await Promise.all(Array.from({ length: size }, () => pool.acquire()));
    for (const client of clients) pool.release(client);
    return pool;
  };

  test('take connections of their own up to the number of lanes, and then share the emptiest', async () => {
    const pool = await open(4, 2);
    const [a, b, c, d] = [pool.acquire(true), pool.acquire(true), pool.acquire(true), pool.acquire(true)] as Client[];
    expect(new Set([a, b, c, d])).toEqual(new Set([a, b]));
    expect([a?.passengers, b?.passengers]).toEqual([2, 2]);
    expect(pool.stats.idle).toBe(2);
    for (const client of [a, b, c, d]) pool.release(client as Client);
    expect(pool.stats.idle).toBe(4);
  });

  test('never share with anybody who needs a connection alone', async () => {
    const pool = await open(2, 1);
    const alone = (await pool.acquire()) as Client;
    const lane = (await pool.acquire(true)) as Client;
    expect(lane).not.toBe(alone);
    const next = pool.acquire();
    expect(pool.stats.waiting).toBe(1);
    pool.release(lane);
    expect(await next).toBe(lane);
    expect(lane.passengers).toBe(1);
  });

  test('do not board past those who wait', async () => {
    const pool = await open(1, 1);
    const lane = (await pool.acquire(true)) as Client;
    const alone = pool.acquire();
    const late = pool.acquire(true);
    expect(pool.stats.waiting).toBe(2);
    pool.release(lane);
    expect(await alone).toBe(lane);
    pool.release(lane);
    expect(await late).toBe(lane);
  });

  test('that wait are served together, the others alone', async () => {
    const pool = await open(1, 1);
    const client = (await pool.acquire()) as Client;
    const waiting = [true, true, false, true].map((brief) => pool.acquire(brief));
    pool.release(client);
    await Promise.all(waiting.slice(0, 2));
    expect(client.passengers).toBe(2);
    pool.release(client);
    expect(pool.stats.waiting).toBe(2);
    pool.release(client);
    await waiting[2];
    expect(client.passengers).toBe(1);
    pool.release(client);
    await waiting[3];
  });

  test('leave a connection that is full, broken or too old', async () => {
    const pool = await open(2, 1);
    const lane = (await pool.acquire(true)) as Client;
    for (let n = 1; n < 16; n++) expect(await pool.acquire(true)).toBe(lane);
    expect(await pool.acquire(true)).not.toBe(lane);
    const other = await open(2, 1);
    const broken = (await other.acquire(true)) as Client;
    broken.usable = false;
    expect(await other.acquire(true)).not.toBe(broken);
  });

  test('whatever comes and goes: who is alone is alone, nobody waits for ever, nothing is lost', async () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant('acquire' as const), brief: fc.boolean() }),
      fc.record({ kind: fc.constant('release' as const), pick: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(command, { maxLength: 60 }), async (size, commands) => {
        const pool = await open(size, 2);
        const held: { client: Client; brief: boolean }[] = [];
        let asked = 0;
        const turn = () => new Promise((resolve) => setImmediate(resolve));
        const release = (index: number) => pool.release((held.splice(index, 1)[0] as { client: Client }).client);
        for (const one of commands) {
          if (one.kind === 'acquire') {
            asked++;
            const { brief } = one;
            void Promise.resolve(pool.acquire(brief)).then((client) => held.push({ client, brief }));
          } else if (held.length > 0) {
            asked--;
            release(one.pick % held.length);
          }
          await turn();
          for (const { client, brief } of held) {
            const sharing = held.filter((other) => other.client === client);
            expect(sharing).toHaveLength(client.passengers);
            if (!brief) expect(sharing).toHaveLength(1);
          }
        }
        while (asked > 0) {
          await turn();
          expect(held.length).toBeGreaterThan(0);
          asked--;
          release(0);
        }
        expect(pool.stats).toMatchObject({ waiting: 0, idle: size });
      }),
      { numRuns: 60 },
    );
  });
});

describe('connections that are no good', () => {
  test('a broken one is closed instead of lent again, and its place is used by who waits', async () => {
    const server = new FakeServer();
    const pool = poolOf(server, { size: 1 });
    const broken = await pool.acquire();
    const waiting = pool.acquire();
    broken.usable = false;
    pool.release(broken);
    const next = await waiting;
    expect(next).not.toBe(broken);
    expect(server.open).toBe(1);
  });

  test('one that broke while idle is found out', async () => {
    const server = new FakeServer();
    const pool = poolOf(server);
    const idle = await pool.acquire();
    pool.release(idle);
    idle.usable = false;
    expect(await pool.acquire()).not.toBe(idle);
    expect(server.open).toBe(1);
  });

  test('one that is too old is closed when it comes back', async () => {
    const server = new FakeServer();
    const pool = poolOf(server, { maxLifetime: -1 });
    pool.release(await pool.acquire());
    expect(server.open).toBe(0);
    expect(pool.stats).toMatchObject({ open: 0, idle: 0 });
  });

  test('one that is not used is closed after its time', async () => {
    const server = new FakeServer();
    const pool = poolOf(server, { idleTimeout: 30 });
    pool.release(await pool.acquire());
    while (server.open > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(pool.stats.open).toBe(0);
  });

  test('one that cannot be opened fails everybody who waits for it, and costs no place', async () => {
    const server = new FakeServer();
    server.failing = true;
    server.delay = 5;
    const pool = poolOf(server, { size: 1, queueLimit: 5 });
    const failures = await Promise.all([1, 2, 3].map(() => outcome(() => pool.acquire())));
    expect(failures.map((failure) => (failure as Error).message)).toEqual(Array(3).fill('connection refused'));
    server.failing = false;
    expect(pool.stats).toMatchObject({ open: 0, waiting: 0 });
    expect((await pool.acquire()).usable).toBe(true);
  });
});

test('all idle connections forget their statements when the schema changed', async () => {
  const pool = poolOf(new FakeServer());
  const client = await pool.acquire();
  client.statements.acquire('r', 'a');
  pool.release(client);
  pool.clearStatements();
  expect(client.statements.size).toBe(0);
});

describe('close', () => {
  test('waits for what is lent, refuses what comes, and leaves nothing open', async () => {
    const server = new FakeServer();
    const pool = poolOf(server);
    const [lent, idle] = [await pool.acquire(), await pool.acquire()];
    pool.release(idle);
    let closed = false;
    const closing = Promise.all([pool.close(), pool.close()]).then(() => {
      closed = true;
    });
    expect(await outcome(() => pool.acquire())).toMatchObject({ code: 'pool_closed' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed).toBe(false);
    pool.release(lent);
    await closing;
    expect(server.open).toBe(0);
  });

  test('waits for a connection that is just being opened', async () => {
    const server = new FakeServer();
    server.delay = 10;
    const pool = poolOf(server);
    const opening = pool.acquire();
    const closing = pool.close();
    pool.release(await opening);
    await closing;
    expect(server.open).toBe(0);
  });
});

test('whatever happens, bounds hold, nobody is forgotten, and nothing leaks', async () => {
  const step = fc.constantFrom('acquire', 'release', 'break', 'fail', 'recover');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: 3 }), async (steps, size) => {
      const server = new FakeServer();
      const pool = poolOf(server, { size, queueLimit: 3 });
      const lent: Client[] = [];
      const requests: Promise<unknown>[] = [];
      for (const kind of steps) {
        if (kind === 'acquire')
          requests.push(
            outcome(async () => {
              const client = await pool.acquire();
              expect(lent).not.toContain(client);
              lent.push(client);
            }),
          );
        if (kind === 'fail' || kind === 'recover') server.failing = kind === 'fail';
        const client = lent[0];
        if (client && kind === 'break') client.usable = false;
        if (client && kind === 'release') {
          lent.shift();
          pool.release(client);
        }
        await undefined;
        expect(pool.stats.open).toBeLessThanOrEqual(size);
        expect(server.open).toBeLessThanOrEqual(size);
        expect(pool.stats.waiting).toBeLessThanOrEqual(3);
      }
      const closing = pool.close();
      await Promise.all(requests);
      for (const client of lent.splice(0)) pool.release(client);
      await closing;
      expect(server.open).toBe(0);
      expect(pool.stats).toMatchObject({ open: 0, idle: 0, waiting: 0 });
    }),
    { numRuns: 300 },
  );
});
