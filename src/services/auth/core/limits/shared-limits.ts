import { createHash } from 'node:crypto';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import { forgetFullBuckets, giveBack, millisecondsUntilFull, takeFromBucket } from '../../sql/limits.ts';
import type { Sql } from '../../sql/rows.ts';
import { instantAt } from '../instant.ts';
import { createRateLimiter, type RateLimiter } from '../token-bucket.ts';
import type { Rate } from './rate.ts';

/** Rates that hold for all nodes together. A bucket is named by the limit and by whom it counts. */
export interface SharedLimits {
  /** Takes one from a bucket; false when it is empty. */
  take(name: string, key: string, rate: Rate): Promise<boolean>;
  /** Takes several or none, in a transaction whose rollback puts them back. */
  takeWithin(sql: Sql, name: string, key: string, rate: Rate, count: number): Promise<boolean>;
  /** Takes the one turn there is in a span, in milliseconds. @returns 0, or milliseconds until there is another */
  takeTurn(sql: Sql, name: string, key: string, span: number): Promise<number>;
  /** Puts some back that were taken. */
  giveBack(name: string, key: string, rate: Rate, count?: number): Promise<void>;
  start(): void;
  /** Puts back what this node took along and did not use. */
  stop(): Promise<void>;
}

/** What limits are made of. */
export interface SharedLimitsOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Buckets this node remembers; the one unused longest goes first. */
  readonly size: number;
}

/** Part of a bucket that a node takes along, so that not every request asks the database. */
const share = 0.25;
/** After this time, in milliseconds, what was taken along and is unused goes back, and an empty bucket is asked again. */
const memory = 5_000;

/** One turn in a span; longer ones than a day are not remembered. */
const turnIn = (span: number): Rate => ({ amount: 1, period: span, burst: 1 });

interface Known {
  readonly id: Buffer;
  left: number;
  /** When it was last asked for, and until when it is taken to be empty; milliseconds. */
  at: number;
  emptyUntil: number;
  pending?: Promise<void> | undefined;
}

/**
 * Limits with their state in PostgreSQL. A node takes a quarter of a bucket along and grants that from memory; an empty
 * bucket is remembered as such for a while. So a client below its limit costs a statement now and then, one beyond it
 * next to none, and no number of nodes ever grants more than the rate.
 */
export function createSharedLimits({ db, clock, log, size }: SharedLimitsOptions): SharedLimits {
  const known = new Map<string, Known>();
  let timer: NodeJS.Timeout | undefined;

  function find(name: string, key: string): Known {
    const id = createHash('sha256').update(`${name}\0${key}`).digest().subarray(0, 16);
    const text = id.toString('latin1');
    const entry = known.get(text) ?? { id, left: 0, at: 0, emptyUntil: 0 };
    known.delete(text);
    if (known.size >= size) known.delete(known.keys().next().value as string);
    known.set(text, entry);
    return entry;
  }

  const ask = (sql: Sql, id: Buffer, { amount, period, burst }: Rate, wanted: number, along: number): Promise<number> =>
    takeFromBucket(sql, {
      key: id,
      now: instantAt(clock.now()),
      burst,
      inflow: amount / period,
      wanted,
      share: along,
    });

  async function refill(entry: Known, rate: Rate): Promise<void> {
    const granted = await ask(db, entry.id, rate, 1, share);
    entry.left += granted;
    entry.at = clock.now();
    if (granted < 1) entry.emptyUntil = entry.at + Math.min(memory, rate.period / Math.max(rate.amount, 1));
  }

  async function sweep(): Promise<void> {
    const now = clock.now();
    const unused = [...known.values()].filter(({ left, at }) => left > 0 && at + memory <= now);
    const amounts = unused.map(({ left }) => left);
    for (const entry of unused) entry.left = 0;
    for (const [text, { left, emptyUntil, pending }] of known)
      if (left === 0 && emptyUntil <= now && !pending) known.delete(text);
    if (unused.length > 0)
      await giveBack(
        db,
        unused.map(({ id }) => id),
        amounts,
      );
    await forgetFullBuckets(db, instantAt(now));
  }

  return {
    async take(name, key, rate) {
      const entry = find(name, key);
      for (;;) {
        const now = clock.now();
        if (entry.left >= 1) {
          entry.left--;
          entry.at = now;
          return true;
        }
        if (now < entry.emptyUntil) return false;
        // Requests of one client at the same time ask once; each taking a share along would leave nothing for others.
        entry.pending ??= refill(entry, rate).finally(() => {
          entry.pending = undefined;
        });
        await entry.pending;
      }
    },
    async takeWithin(sql, name, key, rate, count) {
      return (await ask(sql, find(name, key).id, rate, count, 0)) >= count;
    },
    async takeTurn(sql, name, key, span) {
      const { id } = find(name, key);
      if ((await ask(sql, id, turnIn(span), 1, 0)) >= 1) return 0;
      return Math.max(1, await millisecondsUntilFull(sql, id, instantAt(clock.now())));
    },
    async giveBack(name, key, _rate, count = 1) {
      await giveBack(db, [find(name, key).id], [count]);
    },
    start() {
      timer = setInterval(() => {
        if (known.size > 0) sweep().catch((error: unknown) => log.warn({ err: error }, 'rate limits were not swept'));
      }, memory);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      for (const entry of known.values()) entry.at = 0;
      if (known.size > 0) await sweep().catch(() => {});
    },
  };
}

/** The same for one node alone, where the database offers no place for the state. */
export function createLocalLimits({ clock, size }: Pick<SharedLimitsOptions, 'clock' | 'size'>): SharedLimits {
  const limiters = new Map<string, RateLimiter>();
  const turns = new Map<string, number>();
  const find = (name: string, { amount, period, burst }: Rate): RateLimiter => {
    const limiter = limiters.get(name) ?? createRateLimiter(amount, period, burst, size);
    limiters.set(name, limiter);
    return limiter;
  };
  const take = (name: string, key: string, rate: Rate): boolean => find(name, rate).take(key, clock.now());
  return {
    take: async (name, key, rate) => take(name, key, rate),
    takeWithin: async (_sql, name, key, rate, count) => {
      for (let taken = 0; taken < count; taken++) if (!take(name, key, rate)) return false;
      return true;
    },
    async takeTurn(_sql, name, key, span) {
      const now = clock.now();
      const turn = `${name}\0${key}`;
      const left = (turns.get(turn) ?? Number.NEGATIVE_INFINITY) + span - now;
      if (left > 0) return left;
      turns.delete(turn);
      if (turns.size >= size) turns.delete(turns.keys().next().value as string);
      turns.set(turn, now);
      return 0;
    },
    async giveBack(name, key, rate, count = 1) {
      for (let given = 0; given < count; given++) find(name, rate).giveBack(key);
    },
    start() {},
    stop: async () => {},
  };
}
