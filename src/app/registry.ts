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
}

/** The rooms in start order. */
export const registry: readonly RegisteredRoom[] = [
  { name: 'db', schema: dbSettings, needs: [], optional: false },
  { name: 'pooler', schema: poolerSettings, needs: ['db'], optional: false },
  { name: 'auth', schema: authSettings, needs: ['db'], optional: false },
  { name: 'rest', schema: restSettings, needs: ['db', 'auth'], optional: false },
  { name: 'realtime', schema: realtimeSettings, needs: ['db'], optional: false },
  { name: 'storage', schema: storageSettings, needs: ['db'], optional: false },
  { name: 'imgproxy', schema: imgproxySettings, needs: [], optional: true },
  { name: 'functions', schema: functionsSettings, needs: ['db'], optional: true },
  { name: 'meta', schema: metaSettings, needs: ['db'], optional: false },
  { name: 'analytics', schema: analyticsSettings, needs: ['db'], optional: true },
  { name: 'vector', schema: vectorSettings, needs: ['analytics'], optional: true },
  { name: 'studio', schema: studioSettings, needs: ['db'], optional: true },
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
