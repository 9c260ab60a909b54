export { createEventStream, type EventStream, StreamError, type StreamMessage } from './event-stream.ts';
export { type Bus, createLocalBus } from './local-bus.ts';
export { createNatsBus, type NatsBus } from './nats.ts';
export { createSharedBus, type Remote } from './shared-bus.ts';
