import type { Socket } from 'node:net';
import type { Identity } from '../core/identity.ts';
import { createLender, type Lendable, type Lender } from '../core/lending.ts';
import type { PoolState } from '../core/metrics.ts';
import { poolerFatal } from '../errors.ts';
import type { WireError } from './messages.ts';
import type { RoleTerms } from './tenant-plan.ts';

/** Clients whose sessions have a server connection of their own count against a pool's size only by a ticket. */
interface Ticket extends Lendable {
  readonly usable: true;
}

interface SessionPool {
  readonly identity: Pick<Identity, 'role' | 'database'>;
  readonly lender: Lender<Ticket>;
  clients: number;
}

const retryAfter = 1_000;

/** The places that a tenant's clients in session mode take: as many for each role and database as its pool is large. */
export class SessionPlaces {
  readonly #pools = new Map<string, SessionPool>();
  readonly #now: () => number;
  readonly #maxPools: number;
  readonly #waited: (milliseconds: number) => void;

  /** @param waited told of those who had to wait for a place */
  constructor(now: () => number, maxPools: number, waited: (milliseconds: number) => void) {
    this.#now = now;
    this.#maxPools = maxPools;
    this.#waited = waited;
  }

  /** Waits until another session may be. @returns gives the place back */
  take({ role, database }: Identity, terms: RoleTerms, socket: Socket): Promise<() => void> {
    const key = JSON.stringify([role, database]);
    let found = this.#pools.get(key);
    if (!found) {
      if (this.#pools.size >= this.#maxPools) throw poolerFatal('too_many_pools');
      const lender = createLender<Ticket>({
        size: () => terms.poolSize,
        open: async () => ({ usable: true }),
        isFinal: () => false,
        retryAfter,
        now: this.#now,
        timedOut: () => poolerFatal('session_timeout'),
        waitLimit: () => terms.checkoutTimeout,
        // The first ones wait only for the place to be made.
        waited: this.#waited,
      });
      found = { identity: { role, database }, lender, clients: 0 };
      this.#pools.set(key, found);
    }
    const pool = found;
    const release = (ticket: Ticket) => () => {
      pool.lender.give(ticket);
      pool.clients--;
      if (pool.clients === 0 && pool.lender.waiting === 0) this.#pools.delete(key);
    };
    pool.clients++;
    const free = pool.lender.take();
    if (free) return Promise.resolve(release(free));
    return new Promise((resolve, reject) => {
      let waits = true;
      const borrower = {
        lend(ticket: Ticket) {
          waits = false;
          resolve(release(ticket));
        },
        refuse(error: unknown) {
          if (!waits) return;
          waits = false;
          pool.clients--;
          reject(error as Error);
        },
      };
      pool.lender.wait(borrower);
      socket.once('close', () => {
        pool.lender.forget(borrower);
        borrower.refuse(poolerFatal('shutdown'));
      });
    });
  }

  states(): PoolState[] {
    return [...this.#pools.values()].map(({ identity, lender, clients }) => ({
      ...identity,
      mode: 'session',
      searchPath: '',
      open: lender.open - lender.idle.length,
      idle: 0,
      waiting: lender.waiting,
      clients,
    }));
  }

  sweep(): void {
    for (const { lender } of this.#pools.values()) lender.sweep();
  }

  /** Refuses who waits. */
  close(why: WireError): void {
    for (const { lender } of this.#pools.values()) lender.close(why);
    this.#pools.clear();
  }
}
