export { type Bus, createLocalBus } from './local-bus.ts';
