import fc from 'fast-check';
import { expect, test } from 'vitest';
import { playClient } from '../testing/played-client.ts';
import { int32, message } from './messages.ts';

const names = ['a', 'abc', 'pooler_x', 'statement-8', 'a name much longer than any of the pooler’s own'];
const parse = (name: string) => message('P', name, `select '${name}'`, Buffer.alloc(2));
const bind = (portal: string, name: string, value: Buffer) =>
  message('B', portal, name, Buffer.from([0, 0, 0, 1]), int32(value.length), value, Buffer.alloc(2));
const describe = (name: string) => message('D', Buffer.from('S'), name);
const others = [
  message('E', '', int32(0)),
  message('S'),
  message('H'),
  message('Q', 'select 1'),
  message('D', Buffer.from('P'), ''),
];

const step = fc.oneof(
  fc.tuple(fc.constantFrom('', 'p', 'x'.repeat(300)), fc.constantFrom(...names), fc.uint8Array({ maxLength: 400 })).map(
    ([portal, name, value]) =>
      (rename: (name: string) => string) =>
        bind(portal, rename(name), Buffer.from(value)),
  ),
  fc.constantFrom(...names).map((name) => (rename: (name: string) => string) => describe(rename(name))),
  fc.constantFrom(...others).map((bytes) => () => bytes),
  // An unnamed Parse is remembered by where it stands; whatever comes behind it may not move it.
  fc.constant(() => message('P', '', 'select 2', Buffer.alloc(2))),
);

test('names are exchanged and everything else stays, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 40 }),
      (steps, cuts) => {
        const played = playClient();
        const { near } = played;
        const { far } = played.server();
        near.arrive(Buffer.concat(names.map(parse)));
        const serverNames = new Map<string, string>();
        for (let bytes = Buffer.concat(far.sent.splice(0)); bytes.length > 0; ) {
          const [name = '', sql = ''] = bytes.toString('utf8', 5).split('\0');
          serverNames.set(sql.slice("select '".length, -1), name);
          bytes = bytes.subarray(1 + bytes.readUInt32BE(1));
        }
        expect([...serverNames.keys()]).toEqual(names);
        const given = Buffer.concat(steps.map((make) => make((name) => name)));
        let at = 0;
        for (const length of cuts) {
          if (at < given.length) near.arrive(given.subarray(at, at + length));
          at += length;
        }
        if (at < given.length) near.arrive(given.subarray(at));
        const wanted = Buffer.concat(steps.map((make) => make((name) => serverNames.get(name) as string)));
        expect(Buffer.concat(far.sent).equals(wanted)).toBe(true);
      },
    ),
    { numRuns: Number(process.env.POOLER_FUZZ_RUNS ?? 200) },
  );
});
