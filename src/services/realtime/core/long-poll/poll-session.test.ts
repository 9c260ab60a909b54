import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConnectionListener } from '../../wire/client-connection.ts';
import { createFlusher } from '../../wire/flusher.ts';
import { LongPollConnection } from '../../wire/long-poll-connection.ts';
import { binaryFrame, textFrame } from '../../wire/websocket-frame.ts';
import { PollSession } from './poll-session.ts';
import { newTicket, parseTicket, ticketText } from './ticket.ts';

const node = '0a0b0c0d-0000-4000-8000-000000000001';

function session({ soft = 1_000, hard = 10_000, window = 60_000 } = {}) {
  let now = 0;
  const connection = new LongPollConnection(createFlusher(500), { soft, hard, stall: 1_000 });
  const heard: unknown[] = [];
  const listener: ConnectionListener = {
    text: (text) => void heard.push(text),
    binary: (frame) => void heard.push(frame),
    caughtUp: (dropped) => void heard.push({ dropped }),
    closed: () => void heard.push('closed'),
  };
  connection.listener = listener;
  const one = new PollSession(newTicket(node), connection, window, () => now);
  return { one, connection, heard, advance: (by: number) => (now += by) };
}

describe('a poll', () => {
  test('whatever is sent between polls, each message is given once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.constant('poll'), fc.nat(99)), { maxLength: 30 }), async (steps) => {
        const { one, connection } = session();
        const sent: string[] = [];
        const got: string[] = [];
        for (const step of steps) {
          if (typeof step === 'number') {
            sent.push(String(step));
            connection.send(textFrame(String(step)), true);
          } else if (connection.backlog > 0) got.push(...(await one.poll()).messages);
          else {
            const waiting = one.poll();
            sent.push('late');
            connection.send(textFrame('late'), true);
            got.push(...(await waiting).messages);
          }
        }
        if (connection.backlog > 0) got.push(...(await one.poll()).messages);
        expect(got).toEqual(sent);
      }),
      { numRuns: 50 },
    );
  });

  test('whose client has left takes nothing, before and while it waits', async () => {
    const { one, connection } = session();
    const controller = new AbortController();
    const waiting = one.poll(controller.signal);
    controller.abort();
    expect(await waiting).toEqual({ status: 204, messages: [] });
    connection.send(textFrame('kept'), true);
    expect(await one.poll(controller.signal)).toEqual({ status: 204, messages: [] });
    // Woken, and gone before it comes to take.
    const late = new AbortController();
    await one.poll();
    const woken = one.poll(late.signal);
    connection.send(textFrame('kept too'), true);
    connection.flush();
    late.abort();
    expect(await woken).toEqual({ status: 204, messages: [] });
    expect(await one.poll()).toEqual({ status: 200, messages: ['kept too'] });
  });

  test('that another has come after is not the one that is woken', async () => {
    const { one, connection } = session({ window: 20 });
    const older = one.poll();
    const newer = one.poll();
    connection.send(textFrame('a'), true);
    connection.flush();
    expect(await newer).toEqual({ status: 200, messages: ['a'] });
    expect(await older).toEqual({ status: 204, messages: [] });
  });

  test('gets what came before the end, and is told of the end', async () => {
    const { one, connection, heard } = session();
    const waiting = one.poll();
    connection.close();
    expect(await waiting).toEqual({ status: 410, messages: [] });
    expect(heard).toEqual(['closed']);
    const other = session();
    other.connection.send(textFrame('last words'), false);
    other.connection.close();
    expect(other.one.isOver).toBe(false);
    expect(await other.one.poll()).toEqual({ status: 200, messages: ['last words'] });
    expect(other.one.isOver).toBe(true);
  });
});

describe('what waits for a client', () => {
  test('is bounded: what may be dropped is, and counted; beyond that the session ends', () => {
    const { one, connection, heard } = session({ soft: 10, hard: 30 });
    expect(connection.send(textFrame('0123456789a'), true)).toBe(true);
    expect(connection.send(textFrame('dropped'), true)).toBe(false);
    expect(connection.send(textFrame('not dropped'), false)).toBe(true);
    expect(connection.take()).toEqual(['0123456789a', 'not dropped']);
    expect(heard).toEqual([{ dropped: 1 }]);
    connection.send(textFrame('x'.repeat(31)), false);
    expect(connection.isClosed).toBe(true);
    expect(one.isOver).toBe(true);
  });

  test('is text alone', () => {
    const { connection } = session();
    expect(connection.send(binaryFrame(Buffer.from([4]), Buffer.from('x')), false)).toBe(false);
    expect(connection.take()).toEqual([]);
  });

  test('is given up with a session nobody has asked for in two windows', async () => {
    const { one, connection, advance } = session({ window: 1_000 });
    connection.send(textFrame('unheard'), false);
    advance(2_000);
    one.check();
    expect(one.isOver).toBe(false);
    const waiting = one.poll();
    advance(1);
    await waiting;
    const asking = one.poll();
    advance(10_000);
    one.check();
    expect(connection.isClosed).toBe(false);
    connection.send(textFrame('heard'), false);
    await asking;
    advance(2_001);
    one.check();
    expect(one.isOver).toBe(true);
    expect(await one.publish(['late'])).toBe(410);
  });
});

describe('a publication', () => {
  test('waits until the session has handled it, each after the one before', async () => {
    const { one, connection, heard } = session();
    connection.pause();
    const first = one.publish(['a', Buffer.from('b')]);
    const second = one.publish(['c']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([]);
    connection.resume();
    expect(await Promise.all([first, second])).toEqual([200, 200]);
    expect(heard).toEqual(['a', Buffer.from('b'), 'c']);
  });

  test('that is not handled in time is told so, and too many are refused', async () => {
    const { one, connection } = session({ window: 20 });
    connection.pause();
    const statuses = await Promise.all(Array.from({ length: 20 }, () => one.publish(['x'])));
    expect(statuses.filter((status) => status === 408)).toHaveLength(16);
    expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    connection.resume();
    expect(await one.publish(['y'])).toBe(200);
  });
});

test('tickets survive their text, and nothing else is one', () => {
  const ticket = newTicket(node);
  expect(parseTicket(ticketText(ticket))).toEqual(ticket);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = parseTicket(text);
      if (read) expect(ticketText(read)).toBe(text);
    }),
  );
});
