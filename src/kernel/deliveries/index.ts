/**
 * Durable deliveries: what is to reach somebody after a commit waits in the database until it has, with attempts, pauses
 * between them and dead letters. A room that has some chooses a name for its queue and
 *
 * 1. posts them from its SQL, in the transaction that they are about:
 *    `select _pmoves.enqueue_delivery('my_queue', target, payload, key)`, where `target` says whom they are for (a rule, a
 *    webhook), and `key` what has to stay in order (null: nothing). Roles of rooms may execute it; the tables are there once
 *    the database is set up (`deliveryTables`, a step of the db room's).
 * 2. delivers them: `startDeliveryLoop` over `createDeliveryStore(database, 'my_queue')`, where `database` works as
 *    `supabase_admin`, and wakes the loop when `deliveryChannel` is notified with the queue's name. Any number of nodes may do
 *    so. The loop's `deliver` makes one attempt and says how it went; the message id is the same at each.
 *
 * What waits and what is dead is shown and revived by `listDeliveries`, `countDeliveries` and `reviveDeliveries`.
 */
export { type DeliveryLoop, type DeliveryLoopOptions, delayAfter, startDeliveryLoop } from './loop.ts';
export { createDeliveryStore, type Delivery, type DeliveryStore, type Outcome } from './store.ts';
export { deliveryChannel, deliveryTables } from './tables.ts';
export {
  countDeliveries,
  type DeliveryCount,
  type DeliveryFilter,
  type DeliveryRecord,
  type DeliveryState,
  deliveryStates,
  listDeliveries,
  reviveDeliveries,
} from './view.ts';
