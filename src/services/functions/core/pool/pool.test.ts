import { expect, test } from 'vitest';
import type { FunctionDefinition } from '../project/definition.ts';
import type { ShutdownReason } from '../worker/limits.ts';
import { BootFailure, type Worker, type WorkerEnd } from '../worker/worker.ts';
import { createPool, type Policy } from './create-pool.ts';
import type { PoolOptions } from './pool.ts';
import { pauseAfter, setBack } from './setbacks.ts';
import type { Wanted } from './starts.ts';

const definition = (name: string): FunctionDefinition => ({
  name,
  folder: `/f/${name}`,
  entry: `/f/${name}/index.ts`,
  verifyJwt: false,
  enabled: true,
  imports: undefined,
  readable: [],
  env: {},
  nodeServer: false,
  revision: '',
  changedAt: 0,
});

const wanted = (name: string, revision = '1'): Wanted => ({ definition: definition(name), revision, env: {} });

/** A worker without a process. */
class FakeWorker implements Worker {
  readonly id = String(Math.random());
  readonly pid = 0;
  readonly socket = '';
  readonly usage = { age: 0, cpu: 0, memory: 0 };
  readonly definition: FunctionDefinition;
  readonly revision: string;
  readonly nodeServer: boolean;
  readonly ready: Promise<void>;
  readonly ended: Promise<WorkerEnd>;
  end: WorkerEnd | undefined;
  isReady = false;
  isRetired = false;
  inFlight = 0;
  lastUsed = 0;
  becomeReady = () => {};
  failToStart = (_failure: BootFailure) => {};
  finish = (_end: WorkerEnd) => {};

  constructor({ definition: function_, revision }: Wanted, nodeServer: boolean) {
    this.definition = function_;
    this.revision = revision;
    this.nodeServer = nodeServer;
    this.ready = new Promise((resolve, reject) => {
      this.becomeReady = () => {
        this.isReady = true;
        resolve();
      };
      this.failToStart = (failure) => {
        this.finish({ reason: 'Crash', lastWords: '' });
        reject(failure);
      };
    });
    this.ready.catch(() => {});
    this.ended = new Promise((resolve) => {
      this.finish = (end) => {
        this.isReady = false;
        this.end = end;
        resolve(end);
      };
    });
  }

  get isIdle() {
    return this.inFlight === 0;
  }

  begin() {
    this.inFlight++;
    return () => {
      this.inFlight--;
    };
  }

  retire() {
    this.isRetired = true;
  }

  warn() {}
  observe() {}

  async stop(reason: ShutdownReason) {
    this.finish({ reason, lastWords: '' });
  }

  kill(reason: ShutdownReason) {
    this.finish({ reason, lastWords: '' });
  }
}

function poolOf(options: Partial<PoolOptions> = {}, policy: Policy = 'per_worker', maxParallel = 0) {
  const started: FakeWorker[] = [];
  let time = 0;
  const pool = createPool(policy, maxParallel, {
    limits: { wallClock: 1_000, cpuSoft: 1_000, cpuHard: 2_000, memory: 1_000 },
    maxWorkers: 2,
    waitTimeout: 60_000,
    maxWaiting: 1,
    idleTimeout: 1_000,
    now: () => time,
    start(want, nodeServer) {
      const worker = new FakeWorker(want, nodeServer);
      started.push(worker);
      return worker;
    },
    ...options,
  });
  return {
    pool,
    started,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

/** Lets what is ready run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const codeOf = (promise: Promise<unknown>) =>
  promise.then(() => undefined).catch((error: { code: string }) => error.code);

test('requests to one function share a worker, and its start', async () => {
  const { pool, started } = poolOf();
  const both = Promise.all([pool.acquire(wanted('a')), pool.acquire(wanted('a'))]);
  await settle();
  expect(started).toHaveLength(1);
  started[0]?.becomeReady();
  const [one, two] = await both;
  expect(one.worker).toBe(two.worker);
  expect(started[0]?.inFlight).toBe(2);
  one.release();
  two.release();
  expect(started[0]?.inFlight).toBe(0);
  await pool.stop();
});

test('a retired worker serves until its successor is ready', async () => {
  const { pool, started } = poolOf();
  const first = pool.acquire(wanted('a'));
  await settle();
  started[0]?.becomeReady();
  (await first).release();
  started[0]?.retire();
  expect((await pool.acquire(wanted('a'))).worker).toBe(started[0]);
  await settle();
  expect(started).toHaveLength(2);
  expect((await pool.acquire(wanted('a'))).worker).toBe(started[0]);
  started[1]?.becomeReady();
  await settle();
  expect((await pool.acquire(wanted('a'))).worker).toBe(started[1]);
  await pool.stop();
});

test('a changed function is waited for, and its failure told', async () => {
  const { pool, started } = poolOf({ maxWorkers: 3 });
  const first = pool.acquire(wanted('a', '1'));
  await settle();
  started[0]?.becomeReady();
  await first;
  const second = pool.acquire(wanted('a', '2'));
  await settle();
  started[1]?.becomeReady();
  expect((await second).worker).toBe(started[1]);
  expect(started[0]?.isRetired).toBe(true);
  const third = codeOf(pool.acquire(wanted('a', '3')));
  await settle();
  started[2]?.failToStart(new BootFailure('broken'));
  expect(await third).toBe('BOOT_ERROR');
  expect(started[1]?.isRetired).toBe(true);
  await pool.stop();
});

test('who fails again and again is tried less and less, until it changes', async () => {
  const { pool, started, pass } = poolOf();
  const attempt = async (revision = '1') => {
    const before = started.length;
    const code = codeOf(pool.acquire(wanted('a', revision)));
    await settle();
    if (started.length > before) started.at(-1)?.failToStart(new BootFailure('broken'));
    expect(await code).toBe('BOOT_ERROR');
    return started.length - before;
  };
  expect([await attempt(), await attempt(), await attempt(), await attempt()]).toEqual([1, 1, 1, 0]);
  pass(pauseAfter(3));
  expect(await attempt()).toBe(1);
  expect(await attempt()).toBe(0);
  expect(await attempt('2')).toBe(1);
  await pool.stop();
});

test('a server of node:http is started again with that in mind', async () => {
  const { pool, started } = poolOf();
  const pending = pool.acquire(wanted('a'));
  await settle();
  started[0]?.failToStart(new BootFailure('denied', true));
  await settle();
  expect(started.map(({ nodeServer }) => nodeServer)).toEqual([false, true]);
  started[1]?.becomeReady();
  expect((await pending).worker).toBe(started[1]);
  await pool.stop();
});

test('the worker that was idle the longest makes way; where none is, who waits too long is sent away', async () => {
  const { pool, started } = poolOf();
  for (const [index, name] of ['a', 'b'].entries()) {
    const pending = pool.acquire(wanted(name));
    await settle();
    (started[index] as FakeWorker).lastUsed = index;
    started[index]?.becomeReady();
    (await pending).release();
  }
  const third = pool.acquire(wanted('c'));
  await settle();
  expect([started[0]?.end?.reason, started[1]?.end]).toEqual(['EarlyDrop', undefined]);
  started[2]?.becomeReady();
  await third;
  started[1]?.begin();
  const codes = ['d', 'e'].map((name) => codeOf(pool.acquire(wanted(name))));
  // Only one may wait.
  expect(await codes[1]).toBe('OVERLOADED');
  const fourth = codes[0];
  started[1]?.finish({ reason: 'EventLoopCompleted', lastWords: '' });
  await settle();
  started[3]?.becomeReady();
  expect(await fourth).toBeUndefined();
  await pool.stop();
});

test('who waits for a place has an end', async () => {
  const { pool, started } = poolOf({ maxWorkers: 1, waitTimeout: 1 });
  const first = pool.acquire(wanted('a'));
  await settle();
  started[0]?.becomeReady();
  await first;
  expect(await codeOf(pool.acquire(wanted('b')))).toBe('OVERLOADED');
  await pool.stop();
});

test('pauses grow and have an end', () => {
  expect([1, 2, 3, 4, 5].map(pauseAfter)).toEqual([0, 0, 250, 500, 1_000]);
  expect(pauseAfter(1_000)).toBe(30_000);
  const first = setBack(undefined, '1', new Error('x'), 0);
  expect(setBack(first, '1', new Error('x'), 0).count).toBe(2);
  expect(setBack(first, '2', new Error('x'), 0).count).toBe(1);
});

test('per request: one at a time, a worker of its own for the next, then waiting', async () => {
  const { pool, started } = poolOf({ maxWorkers: 9 }, 'per_request', 2);
  const pending = [pool.acquire(wanted('a')), pool.acquire(wanted('a'))] as const;
  await settle();
  for (const worker of started) worker.becomeReady();
  const [one, two] = [await pending[0], await pending[1]];
  expect([started.length, one.worker === two.worker]).toEqual([2, false]);
  const third = pool.acquire(wanted('a'));
  await settle();
  // Only one may wait.
  expect(await codeOf(pool.acquire(wanted('a')))).toBe('OVERLOADED');
  expect(pool.take(wanted('a'))).toBeUndefined();
  two.release();
  expect((await third).worker).toBe(two.worker);
  one.release();
  expect(pool.take(wanted('a'))?.worker).toBe(one.worker);
  expect(started).toHaveLength(2);
  await pool.stop();
});

test('per request: a change ends who is idle at once, and others after their request', async () => {
  const { pool, started } = poolOf({ maxWorkers: 9 }, 'per_request', 2);
  const pending = [pool.acquire(wanted('a')), pool.acquire(wanted('a'))] as const;
  await settle();
  for (const worker of started) worker.becomeReady();
  const [one, two] = [await pending[0], await pending[1]];
  one.release();
  const changed = pool.acquire(wanted('a', '2'));
  await settle();
  expect([started[0]?.end?.reason, started[1]?.end]).toEqual(['EarlyDrop', undefined]);
  two.release();
  expect(started[1]?.end?.reason).toBe('EarlyDrop');
  started[2]?.becomeReady();
  expect((await changed).worker).toBe(started[2]);
  await pool.stop();
});

test('per request: who waited for a start that fails is told as well', async () => {
  const { pool, started } = poolOf({ maxWorkers: 9 }, 'per_request', 1);
  const first = codeOf(pool.acquire(wanted('a')));
  const second = codeOf(pool.acquire(wanted('a')));
  await settle();
  started[0]?.failToStart(new BootFailure('broken'));
  expect(await first).toBe('BOOT_ERROR');
  await settle();
  started[1]?.failToStart(new BootFailure('broken'));
  expect(await second).toBe('BOOT_ERROR');
  await pool.stop();
});

test('oneshot: a worker ends with its first request', async () => {
  const { pool, started } = poolOf({ maxWorkers: 9 }, 'oneshot', 1);
  const first = pool.acquire(wanted('a'));
  await settle();
  started[0]?.becomeReady();
  const second = pool.acquire(wanted('a'));
  (await first).release();
  expect(started[0]?.end?.reason).toBe('EarlyDrop');
  await settle();
  started[1]?.becomeReady();
  expect((await second).worker).toBe(started[1]);
  await pool.stop();
});

test('what is looked at before a start can keep it from happening', async () => {
  const { pool, started } = poolOf({ inspect: () => Promise.reject(new BootFailure('no types')) });
  expect(await codeOf(pool.acquire(wanted('a')))).toBe('BOOT_ERROR');
  expect(started).toHaveLength(0);
  await pool.stop();
});
