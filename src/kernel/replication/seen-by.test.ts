import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommittedTransaction, LogEntry } from './change-ring.ts';
import { type Position, positionOf } from './position.ts';
import { isSeen, parseSnapshot, SeenBy } from './seen-by.ts';

describe('a snapshot', () => {
  it('is read from its text, and nothing else is', () => {
    expect(parseSnapshot('10:20:10,14,15')).toEqual({ xmax: 20n, running: new Set([10n, 14n, 15n]) });
    expect(parseSnapshot('10:10:')).toEqual({ xmax: 10n, running: new Set() });
    for (const wrong of ['', '10:20', 'a:b:', '10:20:x']) expect(() => parseSnapshot(wrong)).toThrow();
  });

  it('sees what was over, whatever the epoch', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 3n, max: 1n << 40n }),
        fc.bigInt({ min: -(1n << 31n) + 1n, max: (1n << 31n) - 1n }),
        fc.boolean(),
        (xmax, distance, isRunning) => {
          const full = xmax + distance;
          if (full <= 2n) return;
          const running = new Set(isRunning ? [full] : []);
          expect(isSeen({ xmax, running }, Number(full & 0xffff_ffffn))).toBe(full < xmax && !isRunning);
        },
      ),
    );
  });
});

describe('the place up to which a snapshot sees everything', () => {
  function logOf(xids: readonly number[]) {
    const entries: LogEntry[] = xids.map((xid, index) => {
      const transaction: CommittedTransaction = {
        commitLsn: BigInt(index + 1),
        endLsn: undefined,
        xid,
        committedAt: 0,
      };
      return { kind: 'insert', transaction, position: positionOf(BigInt(index + 1), 1) } as LogEntry;
    });
    const log = {
      head: positionOf(0n) as Position,
      oldest: positionOf(0n),
      looked: 0,
      *entriesAfter(after: Position) {
        for (const entry of entries)
          if (entry.position > after) {
            log.looked++;
            yield entry;
          }
        return undefined;
      },
    };
    return { log, at: (index: number) => positionOf(BigInt(index), index === 0 ? 0 : 1) };
  }

  it('lies before the first change it does not see, and never behind the head of the log before it', () => {
    const { log, at } = logOf([11, 12, 13, 14]);
    const seenBy = new SeenBy(log);
    log.head = at(3);
    expect(seenBy.begin()?.upTo(parseSnapshot('12:15:12'))).toBe(at(1));
    expect(seenBy.begin()?.upTo(parseSnapshot('15:15:'))).toBe(at(3));
    log.head = at(4);
    expect(seenBy.begin()?.upTo(parseSnapshot('13:14:13'))).toBe(at(3));
    expect(seenBy.begin()?.upTo(parseSnapshot('13:14:'))).toBe(at(3));
    expect(seenBy.begin()?.upTo(parseSnapshot('15:15:'))).toBe(at(4));
  });

  it('looks at what was seen once no more, but for snapshots that were taken before', () => {
    const { log, at } = logOf([11, 12, 13]);
    const seenBy = new SeenBy(log);
    log.head = at(3);
    const early = seenBy.begin();
    expect(seenBy.begin()?.upTo(parseSnapshot('14:14:'))).toBe(at(3));
    log.looked = 0;
    expect(seenBy.begin()?.upTo(parseSnapshot('14:14:'))).toBe(at(3));
    expect(log.looked).toBe(0);
    expect(early?.upTo(parseSnapshot('12:13:12'))).toBe(at(1));
  });

  it('is unknown while nothing was read', () => {
    expect(new SeenBy({ head: undefined, oldest: undefined, entriesAfter: () => undefined }).begin()).toBeUndefined();
  });
});
