import { deliveryTables } from '#kernel/deliveries';
import type { Database, Transaction } from '#kernel/sql';

/** Name of the queue of what is told to `STORAGE_WEBHOOK_URL`. */
export const webhookQueue = 'storage_webhooks';

/** The one target of the queue: where events go is a setting. */
export const webhookTarget = 'webhook';

/** An event that is to be told. */
export interface QueuedEvent {
  /** Events of one key are told in order. */
  readonly key: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Posts events in the transaction of the change, which has to be one of the tables' owner. */
export async function enqueueEvents(transaction: Transaction, events: readonly QueuedEvent[]): Promise<void> {
  await transaction.query(
    `select _pmoves.enqueue_delivery('${webhookQueue}', '${webhookTarget}', event -> 'payload', event ->> 'key')
     from jsonb_array_elements($1) with ordinality as events (event, at) order by at`,
    [JSON.stringify(events)],
  );
}

// Any number of nodes may start at once.
const lock = 7_221_041_012;

/**
 * Makes the tables of deliveries where the database has none, as one that storage has for itself.
 *
 * @returns whether the role may take deliveries from them
 * @throws DatabaseError 42501 when they are not there and the role may not make them
 */
export async function makeDeliveryTables(db: Database): Promise<boolean> {
  const known = await db.query<{ present: boolean }>(
    `select to_regprocedure('_pmoves.take_deliveries(text, integer, double precision)') is not null as present`,
  );
  if (known.rows[0]?.present !== true) await db.query(`select pg_advisory_xact_lock(${lock});\n${deliveryTables}`);
  const { rows } = await db.query<{ allowed: boolean }>(
    `select has_table_privilege('_pmoves.deliveries', 'select') and has_table_privilege('_pmoves.deliveries', 'update')
       and has_table_privilege('_pmoves.deliveries', 'delete') and has_table_privilege('_pmoves.dead_letters', 'insert')
       and has_table_privilege('_pmoves.delivery_attempts', 'insert') as allowed`,
  );
  return rows[0]?.allowed === true;
}
