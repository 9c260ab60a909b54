import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLocalBus } from './local-bus.ts';
import { partsOf } from './nats-connection.ts';
import { Assembler, packetsOf } from './packets.ts';
import { createSharedBus } from './shared-bus.ts';

test('a shared bus reaches those here at once and those elsewhere by the remote', () => {
  const log: unknown[] = [];
  const local = createLocalBus(() => {});
  const bus = createSharedBus(local, {
    isConnected: true,
    send: (subject, payload) => log.push(['send', subject, payload]),
    want: (subject) => log.push(['want', subject]),
    unwant: (subject) => log.push(['unwant', subject]),
    settled: () => undefined,
  });
  const first = bus.subscribe('a', (payload) => log.push(['got', payload]));
  const second = bus.subscribe('a', () => {});
  bus.publish('a', 1);
  local.publish('a', 2);
  first();
  first();
  second();
  expect(log).toEqual([
    ['want', 'a'],
    ['got', 1],
    ['send', 'a', 1],
    ['got', 2],
    ['unwant', 'a'],
  ]);
});

test('any payload survives being cut into packets, in whatever order they arrive', () => {
  const payload = fc.oneof(
    fc.jsonValue().filter((value) => !Object.is(value, -0) && !JSON.stringify(value).includes('-0')),
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(payload, fc.integer({ min: 14, max: 200 }), fc.nat(), (value, limit, seed) => {
      const packets = packetsOf(value, limit);
      for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(limit);
      const shuffled = [...packets].sort((a, b) => ((a.at(-1) ?? 0) ^ seed) - ((b.at(-1) ?? 0) ^ seed));
      const assembler = new Assembler(4);
      const results = shuffled.map((packet) => assembler.take(packet)).filter((result) => result !== undefined);
      expect(results).toEqual([{ payload: Buffer.isBuffer(value) ? value : JSON.parse(JSON.stringify(value)) }]);
    }),
  );
});

test('bytes of strangers are no packets, and keep no more than a bounded memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(() => new Assembler(2).take(Buffer.from(bytes))).not.toThrow();
    }),
  );
  const assembler = new Assembler(2);
  const cut = (text: string) => packetsOf({ text: text.repeat(30) }, 40);
  const oldest = cut('a');
  for (const packets of [oldest, cut('b'), cut('c')]) assembler.take(packets[0] as Buffer);
  expect(oldest.slice(1).map((packet) => assembler.take(packet))).not.toContainEqual(
    expect.objectContaining({ payload: expect.anything() }),
  );
});

test('credentials stand in the URL and not in the address', () => {
  expect(partsOf(['nats://us%40er:p%3Aw@a:4223', 'b'])).toEqual({
    addresses: ['a:4223', 'b:4222'],
    credentials: { user: 'us@er', pass: 'p:w' },
    tls: false,
  });
  expect(partsOf(['tls://tok@a'])).toMatchObject({ credentials: { token: 'tok' }, tls: true });
});
