import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangeRing, type CommittedTransaction, type RowChange } from './change-ring.ts';
import { formatLsn, isPosition, parseLsn, positionOf } from './position.ts';

const relation = { oid: 1, schema: 'public', name: 't', replicaIdentity: 'default' as const, columns: [] };

function transaction(commitLsn: bigint): CommittedTransaction {
  return { commitLsn, endLsn: commitLsn + 8n, xid: 1, committedAt: 0 };
}

function change(of: CommittedTransaction, place: number, bytes = 100): RowChange {
  const position = positionOf(of.commitLsn, place);
  return { kind: 'insert', relation, old: undefined, new: [], transaction: of, position, bytes };
}

const big = { time: 1_000, bytes: 1_000_000 };

describe('ChangeRing', () => {
  it('passes over what it has', () => {
    const ring = new ChangeRing(big);
    ring.open(0n);
    const first = transaction(10n);
    expect(ring.append(change(first, 1))).toBe(true);
    expect(ring.append(change(first, 2))).toBe(true);
    expect(ring.append(change(first, 1))).toBe(false);
    ring.advance(30n, 0);
    expect(ring.append(change(transaction(20n), 1))).toBe(false);
    expect(ring.append(change(transaction(30n), 1))).toBe(true);
    expect(ring.nextIndex).toBe(3);
  });

  it('finds the first entry after any position, or says that some are gone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 300, max: 4_000 }),
        fc.nat(400),
        fc.nat(6),
        (sizes, limit, lsn, place) => {
          const ring = new ChangeRing({ time: 1_000, bytes: limit });
          ring.open(0n);
          const all: RowChange[] = [];
          sizes.forEach((size, index) => {
            const of = transaction(BigInt(index * 10 + 10));
            for (let at = 1; at <= size; at++) all.push(change(of, at));
            for (const each of all.slice(-size)) ring.append(each);
            ring.advance(of.endLsn as bigint, index);
          });
          const after = positionOf(BigInt(lsn), place);
          const index = ring.indexAfter(after);
          const expected = all.filter(({ position }) => position > after);
          if (index === undefined) {
            // Either some of them are gone, or there never was such a position.
            const kept = new Set(
              Array.from({ length: ring.nextIndex - ring.firstIndex }, (_, at) => ring.at(ring.firstIndex + at)),
            );
            const isGone =
              all.some((each) => !kept.has(each)) && after < (all.find((each) => kept.has(each))?.position ?? '');
            expect(isGone || after > (ring.head as string)).toBe(true);
          } else {
            const found = Array.from({ length: ring.nextIndex - index }, (_, at) => ring.at(index + at));
            expect(found).toEqual(expected);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('lets the server throw away only what it no longer has', () => {
    const ring = new ChangeRing(big);
    ring.open(0n);
    for (let at = 1; at <= 10; at++) {
      const of = transaction(BigInt(at * 100));
      ring.append(change(of, 1));
      ring.advance(of.endLsn as bigint, at * 1_000);
    }
    expect(ring.prune(1_500, 1_008n)).toBe(0n);
    expect(ring.firstIndex).toBe(0);
    expect(ring.prune(4_000, 1_008n)).toBe(308n);
    expect(ring.firstIndex).toBe(3);
    expect(ring.indexAfter(positionOf(308n))).toBe(3);
    expect(ring.indexAfter(positionOf(300n, 1))).toBeUndefined();
  });

  it('keeps within its bytes, whole transactions or not', () => {
    const ring = new ChangeRing({ time: 1_000_000, bytes: 3_000 });
    ring.open(0n);
    const huge = { ...transaction(10n), endLsn: undefined };
    for (let at = 1; at <= 100; at++) ring.append(change(huge, at));
    expect(ring.bytes).toBeLessThanOrEqual(3_000);
    expect(ring.floor).toBe(0n);
    expect(ring.indexAfter(positionOf(10n, 80))).toBeUndefined();
    expect(ring.indexAfter(positionOf(10n, 95))).toBe(95);
  });

  it('gives WAL back when the server holds too much of it for us', () => {
    const ring = new ChangeRing({ time: 1_000_000, bytes: 3_000 });
    ring.open(0n);
    ring.advance(100n, 0);
    ring.advance(10_000n, 5_000);
    expect(ring.prune(6_000, 10_000n)).toBe(100n);
  });

  it('takes nothing from before a gap for complete', () => {
    const ring = new ChangeRing(big);
    ring.open(0n);
    ring.append(change(transaction(10n), 1));
    ring.append({ kind: 'gap', after: ring.head, position: positionOf(500n) });
    ring.append(change(transaction(510n), 1));
    expect(ring.indexAfter(positionOf(5n))).toBeUndefined();
    expect(ring.indexAfter(positionOf(500n))).toBe(2);
    expect(ring.floor).toBe(500n);
  });

  it('knows no position from the future', () => {
    const ring = new ChangeRing(big);
    ring.open(100n);
    expect(ring.indexAfter(positionOf(100n))).toBe(0);
    expect(ring.indexAfter(positionOf(101n))).toBeUndefined();
  });
});

describe('positions', () => {
  it('read and write LSNs', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (lsn) => {
        expect(parseLsn(formatLsn(lsn))).toBe(lsn);
        expect(isPosition(positionOf(lsn, 3))).toBe(true);
      }),
    );
    expect(() => parseLsn('16')).toThrow('is no LSN');
  });

  it('compare as texts', () => {
    const place = fc.tuple(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.nat(0xffff_ffff));
    fc.assert(
      fc.property(place, place, ([a, i], [b, j]) => {
        const isLess = a < b || (a === b && i < j);
        expect(positionOf(a, i) < positionOf(b, j)).toBe(isLess);
      }),
    );
  });
});
