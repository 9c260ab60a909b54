import type { SettingsSchema } from '#kernel/config';
import { analyticsSettings } from '#services/analytics';
import { authSettings } from '#services/auth';
import { dbSettings } from '#services/db';
import { functionsSettings } from '#services/functions';
import { gatewaySettings } from '#services/gateway';
import { imgproxySettings } from '#services/imgproxy';
import { metaSettings } from '#services/meta';
import { poolerSettings } from '#services/pooler';
import { realtimeSettings } from '#services/realtime';
import { restSettings } from '#services/rest';
import { storageSettings } from '#services/storage';
import { studioSettings } from '#services/studio';
import { vectorSettings } from '#services/vector';
import { type RoomName, stackSettings } from './settings.ts';

/** A room's place in the program. Needs that do not run in this process are left out of account. */
export interface RegisteredRoom {
  readonly name: RoomName;
  readonly schema: SettingsSchema;
  readonly needs: readonly RoomName[];
  /** True: its failure is reported and retried, and keeps nobody else from serving. */
  readonly optional: boolean;
  /**
   * How a room with other settings takes its place while it serves: `beside` it, or `after` it has ended. Absent: it cannot,
   * because it owns what there is only one of; its settings count from the next start on.
   */
  readonly succession?: 'beside' | 'after';
}

/** The rooms in start order. */
export const registry: readonly RegisteredRoom[] = [
  { name: 'db', schema: dbSettings, needs: [], optional: false },
  { name: 'pooler', schema: poolerSettings, needs: ['db'], optional: false },
  { name: 'auth', schema: authSettings, needs: ['db'], optional: false, succession: 'beside' },
  { name: 'rest', schema: restSettings, needs: ['db', 'auth'], optional: false, succession: 'beside' },
  { name: 'realtime', schema: realtimeSettings, needs: ['db'], optional: false, succession: 'beside' },
  { name: 'storage', schema: storageSettings, needs: ['db'], optional: false, succession: 'beside' },
  { name: 'imgproxy', schema: imgproxySettings, needs: [], optional: true, succession: 'beside' },
  { name: 'functions', schema: functionsSettings, needs: ['db'], optional: true, succession: 'beside' },
  { name: 'meta', schema: metaSettings, needs: ['db'], optional: false, succession: 'beside' },
  { name: 'analytics', schema: analyticsSettings, needs: ['db'], optional: true, succession: 'beside' },
  { name: 'vector', schema: vectorSettings, needs: ['analytics'], optional: true, succession: 'after' },
  { name: 'studio', schema: studioSettings, needs: ['db'], optional: true, succession: 'beside' },
  {
    name: 'gateway',
    schema: gatewaySettings,
    needs: [
      'db',
      'auth',
      'rest',
      'realtime',
      'storage',
      'imgproxy',
      'functions',
      'meta',
      'studio',
      'analytics',
      'vector',
    ],
    optional: false,
  },
];

/** All settings there are, for the reference, the check for unknown names and `config`. */
export const allSchemas: readonly { readonly name: string; readonly schema: SettingsSchema }[] = [
  { name: 'stack', schema: stackSettings },
  ...registry.map(({ name, schema }) => ({ name, schema })),
];

/** How other settings of a room come to count while it serves; undefined: they do not. */
export const successionOf = (name: RoomName): RegisteredRoom['succession'] =>
  registry.find((room) => room.name === name)?.succession;
