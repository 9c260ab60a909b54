export { type Bus, createLocalBus } from './local-bus.ts';
export { createNatsBus, type NatsBus } from './nats.ts';
export { createSharedBus, type Remote } from './shared-bus.ts';
