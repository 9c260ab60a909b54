/** What deliveries ask of a connection or a pool: statements in transactions of their own. */
export interface DeliveryDatabase {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
}

/** Something to be delivered, taken for one attempt. */
export interface Delivery {
  readonly id: string;
  readonly target: string;
  readonly payload: unknown;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  readonly createdAt: Date;
  /** A UUID, the same at each attempt: what a receiver knows it by when it comes again. */
  readonly messageId: string;
  /** What has the same key is delivered in order. */
  readonly key: string | null;
}

/** How an attempt went. */
export interface Outcome {
  readonly isDelivered: boolean;
  /** True of a failure after which there shall be no other attempt. */
  readonly isFinal?: boolean;
  /** True of a failure that nobody is to blame for, as when a broker is away: it does not count as an attempt. */
  readonly isUncounted?: boolean;
  /** HTTP status, where there was one. */
  readonly status?: number;
  readonly error?: string;
  readonly milliseconds?: number;
}

/** An attempt that came to an end. */
export interface EndedAttempt {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
}

/** Deliveries of one queue. What was taken by somebody else meanwhile only gets the attempt noted. */
export interface DeliveryStore {
  /**
   * Takes what is due, oldest first. Until the lease is over nobody else gets it; a node that dies leaves it to others
   * after that. Of what has one key either nothing is taken or all before it as well.
   *
   * @param lease milliseconds
   * @returns them in order, and milliseconds until the next is due, undefined when none will be
   */
  take(
    limit: number,
    lease: number,
  ): Promise<{ readonly deliveries: readonly Delivery[]; readonly nextDue: number | undefined }>;
  /** Writes delivered ones down. @param keeps false: nothing stays of them */
  succeed(ended: readonly EndedAttempt[], keeps: boolean): Promise<void>;
  /** Puts it back for so many milliseconds. */
  postpone(ended: EndedAttempt, delay: number): Promise<void>;
  /** Moves it to the dead letters. */
  bury(ended: EndedAttempt): Promise<void>;
  /** Puts them back as if they had not been taken. @param delay milliseconds until they are due again */
  giveBack(deliveries: readonly Delivery[], delay?: number): Promise<void>;
  /** Puts everything back that anybody took: for the one owner of a queue, when it becomes that. */
  reclaim(): Promise<void>;
  /** Removes what was delivered, or has been dead, for longer than so many milliseconds; 1,000 of each at most. */
  sweep(delivered: number, dead: number): Promise<void>;
}

const seconds = (milliseconds: number): number => milliseconds / 1_000;

/** Creates the store of a queue. The tables have to exist, see `deliveryTables`. */
export function createDeliveryStore(db: DeliveryDatabase, queue: string): DeliveryStore {
  const noted = `noted as (
    insert into _pmoves.delivery_attempts (delivery, number, milliseconds, status, error)
    select id, number, milliseconds, status, left(error, 2000)
    from unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::text[]) as ended (id, number, milliseconds, status, error))`;
  const valuesOf = (ended: readonly EndedAttempt[]) => [
    ended.map(({ delivery }) => delivery.id),
    ended.map(({ delivery }) => delivery.attempt),
    ended.map(({ outcome: { milliseconds } }) => (milliseconds === undefined ? null : Math.round(milliseconds))),
    ended.map(({ outcome }) => outcome.status ?? null),
    ended.map(({ outcome }) => outcome.error ?? null),
  ];
  /** Rows of the table that are still as they were taken. */
  const asTaken = `(id, attempts) in (select * from unnest($1::bigint[], $2::int[])) and delivered_at is null`;
  return {
    async take(limit, lease) {
      const { rows } = await db.query<Delivery & { readonly next_due: number | null }>(
        `select id, target, payload, attempt, created_at as "createdAt", message_id as "messageId", key, next_due
         from _pmoves.take_deliveries($1, $2, $3)`,
        [queue, limit, seconds(lease)],
      );
      return { deliveries: rows.filter(({ id }) => id !== null), nextDue: rows.at(-1)?.next_due ?? undefined };
    },
    async succeed(ended, keeps) {
      const [ids, numbers, ...more] = valuesOf(ended);
      if (keeps)
        await db.query(
          `with ${noted} update _pmoves.deliveries set delivered_at = clock_timestamp(), leased = false where ${asTaken}`,
          [ids, numbers, ...more],
        );
      else
        await db.query(
          `with gone as (delete from _pmoves.deliveries where ${asTaken} returning id, attempts)
           delete from _pmoves.delivery_attempts where delivery in (select id from gone where attempts > 1)`,
          [ids, numbers],
        );
    },
    async postpone(ended, delay) {
      await db.query(
        `with ${noted}
         update _pmoves.deliveries set due = clock_timestamp() + make_interval(secs => $6), leased = false where ${asTaken}`,
        [...valuesOf([ended]), seconds(delay)],
      );
    },
    async bury(ended) {
      await db.query(
        `with ${noted}, gone as (delete from _pmoves.deliveries where ${asTaken} returning *)
         insert into _pmoves.dead_letters (id, queue, target, payload, attempts, created_at, key, message_id)
         select id, queue, target, payload, attempts, created_at, key, message_id from gone`,
        valuesOf([ended]),
      );
    },
    async giveBack(deliveries, delay = 0) {
      await db.query(
        `update _pmoves.deliveries
         set attempts = attempts - 1, due = clock_timestamp() + make_interval(secs => $3), leased = false
         where ${asTaken}`,
        [deliveries.map(({ id }) => id), deliveries.map(({ attempt }) => attempt), seconds(delay)],
      );
    },
    async reclaim() {
      await db.query(
        `update _pmoves.deliveries set attempts = attempts - 1, due = clock_timestamp(), leased = false
         where queue = $1 and leased and delivered_at is null`,
        [queue],
      );
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
