import type { DeliveryDatabase } from './store.ts';

/** A delivery as it is shown. */
export interface DeliveryRecord {
  readonly id: string;
  readonly queue: string;
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

/** How many there are of one queue and target. */
export interface DeliveryCount {
  readonly queue: string;
  readonly target: string;
  readonly waiting: number;
  readonly dead: number;
}

/** Which deliveries; what is undefined matches all. */
export interface DeliveryFilter {
  readonly queue?: string | undefined;
  readonly target?: string | undefined;
}

/** Deliveries of one state, newest first. */
export async function listDeliveries(
  db: DeliveryDatabase,
  { queue, target, state, limit }: DeliveryFilter & { readonly state: DeliveryState; readonly limit: number },
): Promise<readonly DeliveryRecord[]> {
  const from =
    state === 'dead'
      ? `select *, died_at as at from _pmoves.dead_letters`
      : `select *, coalesce(delivered_at, due) as at from _pmoves.deliveries
         where delivered_at is ${state === 'waiting' ? '' : 'not '}null`;
  const { rows } = await db.query<DeliveryRecord>(
    `select id::text, queue, target, $4 as state, payload, created_at, at, coalesce((
       select jsonb_agg(jsonb_build_object('number', number, 'ended_at', ended_at, 'milliseconds', milliseconds,
         'status', status, 'error', error) order by attempt.id)
       from _pmoves.delivery_attempts as attempt where delivery = found.id), '[]') as attempts
     from (${from}) as found
     where ($1::text is null or queue = $1) and ($2::text is null or target = $2) order by found.id desc limit $3`,
    [queue ?? null, target ?? null, limit, state],
  );
  return rows;
}

/** What waits and what is dead, by queue and target. */
export async function countDeliveries(db: DeliveryDatabase): Promise<readonly DeliveryCount[]> {
  const { rows } = await db.query<DeliveryCount>(
    `select queue, target, (count(*) filter (where not dead))::int as waiting, (count(*) filter (where dead))::int as dead
     from (
       select queue, target, false as dead from _pmoves.deliveries where delivered_at is null
       union all select queue, target, true from _pmoves.dead_letters
     ) as found group by queue, target order by queue, target`,
  );
  return rows;
}

/** Makes dead letters wait again, with all their attempts ahead of them. @returns how many there were */
export async function reviveDeliveries(
  db: DeliveryDatabase,
  { queue, target, id }: DeliveryFilter & { readonly id?: string | undefined },
): Promise<number> {
  const { rows } = await db.query<{ count: number }>('select _pmoves.revive_deliveries($1, $2, $3) as count', [
    queue ?? null,
    id ?? null,
    target ?? null,
  ]);
  return rows[0]?.count ?? 0;
}
