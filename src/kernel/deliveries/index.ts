export { type DeliveryLoop, type DeliveryLoopOptions, delayAfter, startDeliveryLoop } from './loop.ts';
export {
  createDeliveryStore,
  type Delivery,
  type DeliveryRecord,
  type DeliveryState,
  type DeliveryStore,
  deliveryStates,
  type Outcome,
} from './store.ts';
export { deliveryChannel, deliveryTables } from './tables.ts';
