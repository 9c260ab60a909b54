import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessage } from './byte-reader.ts';
import { type CellValue, decodeMessage, type LogicalMessage, postgresEpoch, type Tuple } from './pgoutput.ts';

const int16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes;
};
const cString = (text: string) => Buffer.concat([Buffer.from(text), Buffer.of(0)]);

function encodeValue(value: CellValue): Buffer {
  if (value === undefined) return Buffer.from('u');
  if (value === null) return Buffer.from('n');
  const bytes = Buffer.from(value as never);
  return Buffer.concat([Buffer.from(typeof value === 'string' ? 't' : 'b'), uint32(bytes.length), bytes]);
}

const encodeTuple = (tuple: Tuple) => Buffer.concat([int16(tuple.length), ...tuple.map(encodeValue)]);
const old = ({ holds, values }: { holds: 'key' | 'row'; values: Tuple }) =>
  Buffer.concat([Buffer.from(holds === 'key' ? 'K' : 'O'), encodeTuple(values)]);

/** The server's side, written from the protocol's documentation and independently of the decoder. */
function encode(message: LogicalMessage): Buffer {
  const identity = { default: 'd', nothing: 'n', full: 'f', index: 'i' };
  switch (message.kind) {
    case 'begin':
      return Buffer.concat([
        Buffer.from('B'),
        int64(message.commitLsn),
        int64(BigInt(message.committedAt - postgresEpoch)),
        uint32(message.xid),
      ]);
    case 'commit':
      return Buffer.concat([Buffer.from('C\0'), int64(message.commitLsn), int64(message.endLsn), int64(0n)]);
    case 'relation': {
      const { oid, schema, name, replicaIdentity, columns } = message.relation;
      return Buffer.concat([
        Buffer.from('R'),
        uint32(oid),
        cString(schema === 'pg_catalog' ? '' : schema),
        cString(name),
        Buffer.from(identity[replicaIdentity]),
        int16(columns.length),
        ...columns.flatMap((column) => [
          Buffer.of(column.isKey ? 1 : 0),
          cString(column.name),
          uint32(column.typeOid),
          uint32(column.typeModifier),
        ]),
      ]);
    }
    case 'insert':
      return Buffer.concat([Buffer.from('I'), uint32(message.oid), Buffer.from('N'), encodeTuple(message.new)]);
    case 'update':
      return Buffer.concat([
        Buffer.from('U'),
        uint32(message.oid),
        ...(message.old ? [old(message.old)] : []),
        Buffer.from('N'),
        encodeTuple(message.new),
      ]);
    case 'delete':
      return Buffer.concat([Buffer.from('D'), uint32(message.oid), old(message.old)]);
    case 'truncate':
      return Buffer.concat([
        Buffer.from('T'),
        uint32(message.oids.length),
        Buffer.of((message.cascade ? 1 : 0) | (message.identity ? 2 : 0)),
        ...message.oids.map(uint32),
      ]);
    case 'message':
      return Buffer.concat([
        Buffer.from('M'),
        Buffer.of(message.transactional ? 1 : 0),
        int64(7n),
        cString(message.prefix),
        uint32(message.content.length),
        message.content,
      ]);
    default:
      return Buffer.from(message.letter);
  }
}

const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.replaceAll('\0', ''));
const oid = fc.nat({ max: 0xffff_ffff });
const lsn = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const cell = fc.oneof(
  fc.constant(null),
  fc.constant(undefined),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);
const tuple = fc.array(cell, { maxLength: 8 });
const oldTuple = fc.record({ holds: fc.constantFrom('key' as const, 'row' as const), values: tuple });
const column = fc.record({
  name: text,
  typeOid: oid,
  typeModifier: fc.integer({ min: -1, max: 1 << 30 }),
  isKey: fc.boolean(),
});
const message: fc.Arbitrary<LogicalMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('begin' as const),
    commitLsn: lsn,
    committedAt: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
    xid: oid,
  }),
  fc.record({ kind: fc.constant('commit' as const), commitLsn: lsn, endLsn: lsn }),
  fc.record({
    kind: fc.constant('relation' as const),
    relation: fc.record({
      oid,
      schema: text.map((name) => name || 'pg_catalog'),
      name: text,
      replicaIdentity: fc.constantFrom('default' as const, 'nothing' as const, 'full' as const, 'index' as const),
      columns: fc.array(column, { maxLength: 6 }),
    }),
  }),
  fc.record({ kind: fc.constant('insert' as const), oid, new: tuple }),
  fc.record({ kind: fc.constant('update' as const), oid, old: oldTuple, new: tuple }),
  fc.record({ kind: fc.constant('update' as const), oid, new: tuple }),
  fc.record({ kind: fc.constant('delete' as const), oid, old: oldTuple }),
  fc.record({
    kind: fc.constant('truncate' as const),
    oids: fc.array(oid, { maxLength: 4 }),
    cascade: fc.boolean(),
    identity: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('message' as const),
    transactional: fc.boolean(),
    prefix: text,
    content: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.constantFrom({ kind: 'other' as const, letter: 'Y' }, { kind: 'other' as const, letter: 'O' }),
);

describe('decodeMessage', () => {
  it('reads back every message the server can write', () => {
    fc.assert(
      fc.property(message, (expected) => {
        expect(decodeMessage(encode(expected))).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives copies, since the driver uses its buffers again', () => {
    const bytes = encode({ kind: 'insert', oid: 1, new: ['text', Buffer.from('bytes')] });
    const decoded = decodeMessage(bytes);
    bytes.fill(0);
    expect(decoded).toMatchObject({ new: ['text', Buffer.from('bytes')] });
  });

  it('refuses a message that is cut short anywhere', () => {
    fc.assert(
      fc.property(message, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (whole, share) => {
        const bytes = encode(whole);
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        // The end of a commit, a time, says nothing that is kept.
        if (whole.kind === 'commit' && cut.length >= 18) return;
        expect(() => decodeMessage(cut)).toThrow(MalformedMessage);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes or refuses any bytes, and nothing else happens', () => {
    const letters = fc.constantFrom(...'BCRIUDTMYO').map((letter) => letter.charCodeAt(0));
    fc.assert(
      fc.property(fc.oneof(letters, fc.nat(255)), fc.uint8Array({ maxLength: 200 }), (first, rest) => {
        try {
          decodeMessage(Buffer.from([first, ...rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('does not make room for values that are not there', () => {
    const claims65535 = Buffer.concat([Buffer.from('I'), uint32(1), Buffer.from('N'), int16(65_535)]);
    expect(() => decodeMessage(claims65535)).toThrow('too short');
  });
});
