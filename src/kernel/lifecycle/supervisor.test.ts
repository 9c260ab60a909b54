import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLogger, createRedactor } from '#kernel/log';
import type { Health, Room } from './room.ts';
import { createSupervisor, type SupervisedRoom, type Supervisor } from './supervisor.ts';

const log = createLogger({ level: 'silent', redact: createRedactor([]) });

interface Behaviour {
  readonly needs?: readonly string[];
  readonly optional?: boolean;
  readonly start?: (signal: AbortSignal) => Promise<void>;
  readonly stop?: () => Promise<void>;
  readonly health?: () => Health;
}

/** A supervisor over rooms that note what happens to them. */
function supervise(behaviours: Readonly<Record<string, Behaviour>>): { supervisor: Supervisor; events: string[] } {
  const events: string[] = [];
  const rooms = Object.entries(behaviours).map(([name, behaviour]): SupervisedRoom => {
    const room: Room = {
      mounts: [],
      api: undefined,
      async start(signal) {
        events.push(`start ${name}`);
        await behaviour.start?.(signal);
        events.push(`started ${name}`);
      },
      async stop() {
        events.push(`stop ${name}`);
        await behaviour.stop?.();
      },
      health: behaviour.health ?? (() => ({ status: 'healthy' })),
    };
    return { name, room, needs: behaviour.needs ?? [], optional: behaviour.optional ?? false };
  });
  return { supervisor: createSupervisor({ rooms, log, retry: { first: 5, longest: 20 } }), events };
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('order', () => {
  test('a room starts after what it needs and stops before it', async () => {
    const { supervisor, events } = supervise({
      gateway: { needs: ['rest', 'auth'] },
      rest: { needs: ['db'] },
      auth: { needs: ['db'] },
      db: {},
    });
    await supervisor.start();
    await supervisor.stop();
    const at = (event: string) => events.indexOf(event);
    expect(at('started db')).toBeLessThan(at('start rest'));
    expect(at('started rest')).toBeLessThan(at('start gateway'));
    expect(at('started auth')).toBeLessThan(at('start gateway'));
    expect(events.slice(-4)[0]).toBe('stop gateway');
    expect(events.at(-1)).toBe('stop db');
  });

  test('rooms that do not need one another start side by side', async () => {
    let release = (): void => {};
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    const start = async () => {
      running++;
      if (running === 2) release();
      await both;
    };
    const { supervisor } = supervise({ a: { start }, b: { start } });
    await supervisor.start();
    expect(running).toBe(2);
  });

  test('any graph without a ring starts every room once, after its needs', async () => {
    const graph = fc
      .integer({ min: 1, max: 8 })
      .chain((size) =>
        fc.tuple(
          ...Array.from({ length: size }, (_, index) =>
            fc.uniqueArray(fc.nat({ max: Math.max(0, index - 1) }), { maxLength: index }),
          ),
        ),
      );
    await fc.assert(
      fc.asyncProperty(graph, fc.boolean(), async (needs, reversed) => {
        const entries = needs.map(
          (list, index) =>
            [`r${index}`, { needs: list.filter((need) => need < index).map((need) => `r${need}`) }] as const,
        );
        const { supervisor, events } = supervise(Object.fromEntries(reversed ? entries.reverse() : entries));
        await supervisor.start();
        expect(events).toHaveLength(entries.length * 2);
        for (const [name, { needs: list }] of entries)
          for (const need of list)
            expect(events.indexOf(`started ${need}`)).toBeLessThan(events.indexOf(`start ${name}`));
        await supervisor.stop();
        for (const [name, { needs: list }] of entries)
          for (const need of list) expect(events.indexOf(`stop ${name}`)).toBeLessThan(events.indexOf(`stop ${need}`));
      }),
    );
  });

  test('needs that nobody is, or that form a ring, are refused at once', () => {
    expect(() => supervise({ a: { needs: ['b'] } })).toThrow('room a needs b, which is not there');
    expect(() => supervise({ a: { needs: ['b'] }, b: { needs: ['a'] } })).toThrow('form a ring');
  });
});

describe('a required room that fails', () => {
  const broken = {
    start: async () => {
      throw new Error('no disk');
    },
  };

  test('stops what has been started and is the error of the start', async () => {
    const { supervisor, events } = supervise({
      db: {},
      rest: { ...broken, needs: ['db'] },
      gateway: { needs: ['rest'] },
    });
    await expect(supervisor.start()).rejects.toThrow('no disk');
    expect(events).toEqual(['start db', 'started db', 'start rest', 'stop rest', 'stop db']);
  });

  test('ends the waiting of the others', async () => {
    const { supervisor, events } = supervise({ patient: { start: untilAborted }, broken });
    await expect(supervisor.start()).rejects.toThrow('no disk');
    expect(events).toContain('stop patient');
  });
});

describe('an optional room that fails', () => {
  test('keeps nobody from serving, is reported, and is tried again until it starts', async () => {
    let failures = 3;
    const start = async () => {
      if (failures > 0) {
        failures--;
        throw new Error(`not yet ${failures}`);
      }
    };
    const { supervisor, events } = supervise({ vector: { optional: true, start }, gateway: {} });
    await supervisor.start();
    expect(events).toContain('started gateway');
    await waitFor(() => failures < 3);
    expect((await supervisor.health()).vector).toMatchObject({ status: 'unhealthy', required: false });
    await waitFor(() => events.includes('started vector'));
    expect((await supervisor.health()).vector).toEqual({ status: 'healthy', required: false });
    await supervisor.stop();
    expect(events.filter((event) => event === 'start vector')).toHaveLength(4);
    expect(events).toContain('stop vector');
  });

  test('is not tried again once the stop has begun', async () => {
    const start = async () => {
      throw new Error('never');
    };
    const { supervisor, events } = supervise({ vector: { optional: true, start } });
    await supervisor.start();
    await waitFor(() => events.length > 2);
    await supervisor.stop();
    const count = events.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(events).toHaveLength(count);
  });
});

describe('stop', () => {
  test('during a start lets no further room start', async () => {
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { supervisor, events } = supervise({ db: { start: () => slow }, rest: { needs: ['db'] } });
    const starting = supervisor.start();
    await waitFor(() => events.includes('start db'));
    const stopping = supervisor.stop();
    finish();
    await expect(starting).rejects.toThrow();
    await stopping;
    expect(events).not.toContain('start rest');
    expect(events).toContain('stop db');
  });

  test('goes on when a room does not stop cleanly', async () => {
    const stop = async () => {
      throw new Error('stuck');
    };
    const { supervisor, events } = supervise({ db: {}, rest: { needs: ['db'], stop } });
    await supervisor.start();
    await supervisor.stop();
    expect(events.slice(-2)).toEqual(['stop rest', 'stop db']);
  });

  test('is done once, and every caller waits for its end', async () => {
    let finish = (): void => {};
    const stop = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    const { supervisor, events } = supervise({ db: { stop } });
    await supervisor.start();
    let ended = 0;
    const both = [supervisor.stop(), supervisor.stop()].map((each) => each.then(() => ended++));
    await waitFor(() => events.includes('stop db'));
    expect(ended).toBe(0);
    finish();
    await Promise.all(both);
    expect(events.filter((event) => event === 'stop db')).toHaveLength(1);
  });
});

test('health covers every room, and a room that cannot tell is unhealthy', async () => {
  const { supervisor } = supervise({
    db: { health: () => ({ status: 'healthy', detail: { version: 18 } }) },
    rest: {
      health: () => {
        throw new Error('no cache');
      },
    },
  });
  await supervisor.start();
  expect(await supervisor.health()).toEqual({
    db: { status: 'healthy', detail: { version: 18 }, required: true },
    rest: { status: 'unhealthy', detail: { reason: 'no cache' }, required: true },
  });
});
