export { type RealtimeDeps, realtimeRoom } from './create.ts';
export type { RealtimeApi, RealtimePorts } from './ports.ts';
export { type RealtimeSettings, realtimeSettings } from './settings.ts';
