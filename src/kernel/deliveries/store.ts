import type { Database } from '#kernel/sql';

/** Something to be delivered, taken for one attempt. */
export interface Delivery {
  readonly id: string;
  readonly target: string;
  readonly payload: unknown;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  readonly createdAt: Date;
}

/** How an attempt went. */
export interface Outcome {
  readonly isDelivered: boolean;
  /** HTTP status, where there was one. */
  readonly status?: number;
  readonly error?: string;
  readonly milliseconds?: number;
}

/** A delivery as it is shown. */
export interface DeliveryRecord {
  readonly id: string;
  readonly target: string;
  readonly state: DeliveryState;
  readonly payload: unknown;
  readonly created_at: Date;
  /** When it is tried next, was delivered, or was given up. */
  readonly at: Date;
  readonly attempts: readonly {
    readonly number: number;
    readonly ended_at: string;
    readonly milliseconds: number | null;
    readonly status: number | null;
    readonly error: string | null;
  }[];
}

/** `dead`: given up after the last attempt. */
export type DeliveryState = 'waiting' | 'delivered' | 'dead';

/** The states there are. */
export const deliveryStates: readonly DeliveryState[] = ['waiting', 'delivered', 'dead'];

/** Deliveries of one queue. */
export interface DeliveryStore {
  /**
   * Takes what is due, oldest first. Until the lease is over nobody else gets it; a node that dies leaves it to others
   * after that. What another node is just taking is left to it.
   *
   * @param lease milliseconds
   */
  take(limit: number, lease: number): Promise<readonly Delivery[]>;
  /** Writes a delivered one down. One that was taken by somebody else meanwhile only gets the attempt noted. */
  succeed(delivery: Delivery, outcome: Outcome): Promise<void>;
  /** Puts it back for so many milliseconds. */
  postpone(delivery: Delivery, outcome: Outcome, delay: number): Promise<void>;
  /** Moves it to the dead letters. */
  bury(delivery: Delivery, outcome: Outcome): Promise<void>;
  /** Puts one back as if it had not been taken. */
  giveBack(delivery: Delivery): Promise<void>;
  /** Milliseconds until the next is due; undefined when none waits. */
  nextDue(): Promise<number | undefined>;
  /** Newest first. */
  list(query: {
    readonly state: DeliveryState;
    readonly target?: string;
    readonly limit: number;
  }): Promise<readonly DeliveryRecord[]>;
  /** Makes dead letters wait again, with all their attempts ahead of them. @returns how many there were */
  revive(which: { readonly id: string } | { readonly target: string }): Promise<number>;
  /** Removes what was delivered, or has been dead, for longer than so many milliseconds; 1,000 of each at most. */
  sweep(delivered: number, dead: number): Promise<void>;
}

const seconds = (milliseconds: number): number => milliseconds / 1_000;

/** Creates the store of a queue. The tables have to exist, see `deliveryTables`. */
export function createDeliveryStore(db: Database, queue: string): DeliveryStore {
  const attempt = `insert into _pmoves.delivery_attempts (delivery, number, milliseconds, status, error)
    values ($1, $2, $3, $4, left($5, 2000))`;
  const valuesOf = ({ id, attempt: number }: Delivery, { milliseconds, status, error }: Outcome) => [
    id,
    number,
    milliseconds === undefined ? null : Math.round(milliseconds),
    status ?? null,
    error ?? null,
  ];
  return {
    async take(limit, lease) {
      const { rows } = await db.query<Delivery>(
        `update _pmoves.deliveries as taken
         set attempts = attempts + 1, due = clock_timestamp() + make_interval(secs => $3)
         from (
           select id from _pmoves.deliveries
           where queue = $1 and delivered_at is null and due <= clock_timestamp()
           order by due, id limit $2 for update skip locked
         ) as next
         where taken.id = next.id
         returning taken.id::text, target, payload, attempts as attempt, created_at as "createdAt"`,
        [queue, limit, seconds(lease)],
      );
      return rows;
    },
    async succeed(delivery, outcome) {
      await db.query(
        `with noted as (${attempt})
         update _pmoves.deliveries set delivered_at = clock_timestamp() where id = $1 and attempts = $2`,
        valuesOf(delivery, outcome),
      );
    },
    async postpone(delivery, outcome, delay) {
      await db.query(
        `with noted as (${attempt})
         update _pmoves.deliveries set due = clock_timestamp() + make_interval(secs => $6)
         where id = $1 and attempts = $2 and delivered_at is null`,
        [...valuesOf(delivery, outcome), seconds(delay)],
      );
    },
    async bury(delivery, outcome) {
      await db.query(
        `with noted as (${attempt}), gone as (
           delete from _pmoves.deliveries where id = $1 and attempts = $2 and delivered_at is null returning *
         )
         insert into _pmoves.dead_letters (id, queue, target, payload, attempts, created_at)
         select id, queue, target, payload, attempts, created_at from gone`,
        valuesOf(delivery, outcome),
      );
    },
    async giveBack({ id, attempt: number }) {
      await db.query(
        `update _pmoves.deliveries set attempts = attempts - 1, due = clock_timestamp()
         where id = $1 and attempts = $2 and delivered_at is null`,
        [id, number],
      );
    },
    async nextDue() {
      const { rows } = await db.query<{ due: number | null }>(
        `select extract(epoch from min(due) - clock_timestamp())::float8 * 1000 as due
         from _pmoves.deliveries where queue = $1 and delivered_at is null`,
        [queue],
      );
      return rows[0]?.due ?? undefined;
    },
    async list({ state, target, limit }) {
      const from =
        state === 'dead'
          ? `select *, died_at as at from _pmoves.dead_letters`
          : `select *, coalesce(delivered_at, due) as at from _pmoves.deliveries
             where delivered_at is ${state === 'waiting' ? '' : 'not '}null`;
      const { rows } = await db.query<DeliveryRecord>(
        `select id::text, target, $4 as state, payload, created_at, at, coalesce((
           select jsonb_agg(jsonb_build_object('number', number, 'ended_at', ended_at, 'milliseconds', milliseconds,
             'status', status, 'error', error) order by attempt.id)
           from _pmoves.delivery_attempts as attempt where delivery = found.id), '[]') as attempts
         from (${from}) as found
         where queue = $1 and ($2::text is null or target = $2) order by found.id desc limit $3`,
        [queue, target ?? null, limit, state],
      );
      return rows;
    },
    async revive(which) {
      const [column, value] = 'id' in which ? ['id::text', which.id] : ['target', which.target];
      const { rowCount } = await db.query(
        `with gone as (delete from _pmoves.dead_letters where queue = $1 and ${column} = $2 returning *),
         back as (
           insert into _pmoves.deliveries (id, queue, target, payload, created_at) overriding system value
           select id, queue, target, payload, created_at from gone returning queue
         )
         select pg_notify('pmoves_deliveries', queue) from back`,
        [queue, value],
      );
      return rowCount;
    },
    async sweep(delivered, dead) {
      const bound = 'clock_timestamp() - make_interval(secs => $2)';
      for (const [table, column, age] of [
        ['deliveries', 'delivered_at', delivered],
        ['dead_letters', 'died_at', dead],
      ] as const)
        await db.query(
          `with gone as (
             delete from _pmoves.${table} where id in (
               select id from _pmoves.${table} where queue = $1 and ${column} < ${bound} limit 1000
             ) returning id
           )
           delete from _pmoves.delivery_attempts where delivery in (select id from gone)`,
          [queue, seconds(age)],
        );
    },
  };
}
