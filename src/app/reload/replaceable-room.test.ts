import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Room } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import { createReplaceableRoom, type ReplaceableRoom, type Succession } from './replaceable-room.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const log = createLogger({ level: 'silent', redact: createRedactor([]) });
const signal = new AbortController().signal;

/** A promise that somebody else fulfils. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

interface Fake extends Room<string> {
  readonly events: readonly string[];
}

/** A room that answers with its name once `answers` is fulfilled, and destroys what is left when it is stopped. */
function fake(name: string, { answers = Promise.resolve(), start = async (_signal: AbortSignal) => {} } = {}): Fake {
  const events: string[] = [];
  const open = new Set<() => void>();
  let serves = false;
  return {
    events,
    api: name,
    mounts: [
      {
        name: 'it',
        handle(_request, response) {
          if (!serves) return void response.writeHead(503).end();
          const cut = () => response.destroy();
          open.add(cut);
          events.push('asked');
          void answers.then(() => {
            open.delete(cut);
            response.end(name);
          });
        },
        upgrade(_request, socket) {
          const cut = () => socket.destroy();
          open.add(cut);
          socket.once('close', () => open.delete(cut));
          socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${name}`);
        },
      },
    ],
    async start(given) {
      await start(given);
      serves = true;
      events.push('started');
    },
    async stop() {
      serves = false;
      for (const cut of open) cut();
      events.push('stopped');
    },
    health: () => ({ status: 'healthy', detail: { name } }),
  };
}

async function serve(
  first: Room<string>,
  { kind = 'beside', linger = 60_000, drain = 60_000 }: Partial<Succession> = {},
): Promise<{ url: string; room: ReplaceableRoom<string> }> {
  const room = createReplaceableRoom(first, { kind, linger, drain, log });
  await room.start(signal);
  const [mount] = room.mounts;
  const server = createServer((request, response) => mount?.handle(request, response));
  server.on('upgrade', (request, socket, head) => mount?.upgrade?.(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  closers.push(() => room.stop());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, room };
}

const ask = async (url: string): Promise<string> => {
  const response = await fetch(url);
  return response.ok ? response.text() : `status ${response.status}`;
};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('a room that takes the place of another', () => {
  it('answers from then on, and is what api and health tell of', async () => {
    const first = fake('first');
    const { url, room } = await serve(first);
    expect([await ask(url), room.api]).toEqual(['first', 'first']);
    await room.replace(() => fake('second'));
    expect([await ask(url), room.api]).toEqual(['second', 'second']);
    expect(await room.health()).toMatchObject({ detail: { name: 'second' } });
    await until(() => first.events.includes('stopped'));
  });

  it('lets the former one finish what it has begun', async () => {
    const { opened, open } = gate();
    const first = fake('first', { answers: opened });
    const { url, room } = await serve(first);
    const pending = [ask(url), ask(url)];
    await until(() => first.events.filter((event) => event === 'asked').length === 2);
    await room.replace(() => fake('second'));
    expect(await ask(url)).toBe('second');
    expect(first.events).not.toContain('stopped');
    open();
    expect(await Promise.all(pending)).toEqual(['first', 'first']);
    await until(() => first.events.includes('stopped'));
  });

  it('keeps upgraded connections until the time is over', async () => {
    const first = fake('first');
    const { url, room } = await serve(first, { linger: 50, drain: 0 });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await until(() => text.endsWith('first'));
    await room.replace(() => fake('second'));
    await closed;
    await until(() => first.events.includes('stopped'));
  });

  it('loses no request in twenty replacements under load', async () => {
    const { url, room } = await serve(fake('0'));
    let running = true;
    const answers: string[] = [];
    const clients = Array.from({ length: 8 }, async () => {
      while (running) answers.push(await ask(url));
    });
    for (let round = 1; round <= 20; round++) {
      await room.replace(() => fake(String(round)));
      await until(() => answers.includes(String(round)));
    }
    running = false;
    await Promise.all(clients);
    expect(answers.filter((answer) => !/^\d+$/.test(answer))).toEqual([]);
  });

  it('waits its turn: no more than two are there at a time', async () => {
    let alive = 0;
    let most = 0;
    const counted = (name: string): Room<string> => {
      const room = fake(name);
      return {
        ...room,
        async start(given) {
          most = Math.max(most, ++alive);
          await room.start(given);
        },
        async stop() {
          await room.stop();
          alive--;
        },
      };
    };
    const { room } = await serve(counted('0'));
    await Promise.all(Array.from({ length: 10 }, (_, index) => room.replace(() => counted(String(index + 1)))));
    expect([room.api, most]).toEqual(['10', 2]);
  });
});

describe('rooms that are long in finishing', () => {
  it('are three at most; the first of them is cut off for a further one', async () => {
    const first = fake('0', { answers: new Promise(() => {}) });
    const { url, room } = await serve(first, { drain: 20 });
    const rooms = Array.from({ length: 4 }, (_, index) =>
      fake(String(index + 1), index < 3 ? { answers: new Promise(() => {}) } : {}),
    );
    const cut: number[] = [];
    const waits = (index: number) => void ask(url).catch(() => cut.push(index));
    for (const [index, next] of rooms.entries()) {
      waits(index);
      const present = rooms[index - 1] ?? first;
      await until(() => present.events.includes('asked'));
      await room.replace(() => next);
    }
    expect(await ask(url)).toBe('4');
    await until(() => cut.length > 0);
    expect(cut).toEqual([0]);
    expect(rooms.slice(0, 3).map(({ events }) => events.includes('stopped'))).toEqual([false, false, false]);
  });
});

describe('a room that follows another that has to end first', () => {
  const after = { kind: 'after' } as const;

  it('lets requests under way finish, and those wait that come meanwhile', async () => {
    const { opened, open } = gate();
    const first = fake('first', { answers: opened });
    const { url, room } = await serve(first, after);
    const early = ask(url);
    await until(() => first.events.includes('asked'));
    const order: string[] = [];
    const second = fake('second', { start: async () => void order.push(...first.events) });
    const replacing = room.replace(() => second);
    const late = ask(url);
    open();
    await replacing;
    expect([await early, await late]).toEqual(['first', 'second']);
    expect(order).toEqual(['started', 'asked', 'stopped']);
  });

  it('gives the place back when it does not start', async () => {
    const first = fake('first');
    const { url, room } = await serve(first, after);
    const second = fake('second', {
      start: async () => {
        throw new Error('no such server');
      },
    });
    await expect(room.replace(() => second)).rejects.toThrow('no such server');
    expect([await ask(url), room.api]).toEqual(['first', 'first']);
    expect(first.events.slice(0, 3)).toEqual(['started', 'stopped', 'started']);
  });
});

describe('a room that cannot take the place', () => {
  const broken = (): Fake =>
    fake('broken', {
      start: async () => {
        throw new Error('no such server');
      },
    });

  it('is stopped again, and the present one goes on', async () => {
    const { url, room } = await serve(fake('first'));
    const second = broken();
    await expect(room.replace(() => second)).rejects.toThrow('no such server');
    expect([await ask(url), room.api, second.events]).toEqual(['first', 'first', ['stopped']]);
    await room.replace(() => fake('third'));
    expect(await ask(url)).toBe('third');
  });

  it('cannot even be made, or lacks what others rely on', async () => {
    const { url, room } = await serve(fake('first'));
    const unmakeable = () => {
      throw new Error('bad settings');
    };
    await expect(room.replace(unmakeable)).rejects.toThrow('bad settings');
    await expect(room.replace(() => ({ ...fake('second'), mounts: [] }))).rejects.toThrow('the new room lacks it');
    expect(await ask(url)).toBe('first');
  });

  it('would be worse than the present one', async () => {
    const { url, room } = await serve(fake('first'));
    const ill: Fake = { ...fake('second'), health: () => ({ status: 'unhealthy', detail: { reason: 'no schema' } }) };
    await expect(room.replace(() => ill)).rejects.toThrow('no schema');
    expect([await ask(url), ill.events]).toEqual(['first', ['started', 'stopped']]);
  });

  it('is started by whoever starts the room, where the present one has never served', async () => {
    const room = createReplaceableRoom<string>(broken(), { kind: 'beside', linger: 0, drain: 0, log });
    await expect(room.start(signal)).rejects.toThrow('no such server');
    await room.replace(() => fake('second'));
    await room.start(signal);
    expect(room.api).toBe('second');
    await room.stop();
  });

  it('gives up starting when everything stops, and nothing takes a place afterwards', async () => {
    const { opened, open } = gate();
    const second = fake('second', {
      start: (given) =>
        new Promise((_, reject) => {
          given.addEventListener('abort', () => reject(new Error('stopping')), { once: true });
          open();
        }),
    });
    const first = fake('first');
    const { room } = await serve(first);
    const replacing = room.replace(() => second);
    const outcome = expect(replacing).rejects.toThrow('stopping');
    await opened;
    await room.stop();
    await outcome;
    expect([first.events, second.events]).toEqual([['started', 'stopped'], ['stopped']]);
    await expect(room.replace(() => fake('third'))).rejects.toThrow('does not serve');
  });
});
