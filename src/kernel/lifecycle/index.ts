export type { Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export type { Health, Mount, Room, RoomDefinition, RoomStatus } from './room.ts';
export { createSupervisor, type SupervisedRoom, type Supervisor, type SupervisorOptions } from './supervisor.ts';
