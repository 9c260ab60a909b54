import { join } from 'node:path';
import type { Egress } from '#kernel/egress';
import type { Mount, Room } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import type { AuthApi } from '#services/auth';
import type { LoginRole } from '#services/db';
import type { MetaApi } from '#services/meta';
import { type SettingsDesk, type StudioPorts, studioRoom } from '#services/studio';
import type { LoadedSettings } from './load-settings.ts';
import { volumesOf } from './volumes.ts';
import { createThroughGateway } from './workers/through-gateway.ts';

/** The rooms the dashboard is joined with; those that do not run here are undefined. */
export interface StudioNeighbours {
  readonly health: StudioPorts['health'];
  readonly auth: Room<AuthApi> | undefined;
  /** Settings that other rooms work with now. */
  readonly inForce: () => LoadedSettings;
  readonly desk: SettingsDesk;
  readonly meta: Room<MetaApi> | undefined;
  readonly pooler: Room | undefined;
  readonly mount: (name: string) => Mount | undefined;
  readonly connection: (role: LoginRole) => ConnectionOptions;
  /** Rooms that workers run instead of this process. */
  readonly inWorkers: (name: string) => boolean;
  /** Where the gateway listens; empty before it does. */
  readonly url: () => string;
  readonly egress: Egress;
}

/** The dashboard of a stack. */
export function createStudioRoom(settings: LoadedSettings, log: Logger, near: StudioNeighbours): Room<undefined> {
  const { gateway, stack, db, pooler } = settings;
  const secrets = {
    service_role_key: gateway.serviceRoleKey,
    secret_key: gateway.secretKey,
    database_password: stack.postgresPassword,
    jwt_secret: stack.jwtSecret,
  };
  const through = createThroughGateway({
    url: near.url,
    has: near.inWorkers,
    serviceKey: gateway.serviceRoleKey,
    anonKey: gateway.anonKey,
    timeout: gateway.upstreamTimeout,
    maxSockets: gateway.maxInFlight,
  });
  const room = studioRoom.create({
    settings: settings.studio,
    log,
    health: near.health,
    database: () => near.connection('supabase_admin'),
    owner: { username: gateway.dashboardUsername, password: gateway.dashboardPassword },
    credentials: () => near.auth?.api.credentials(),
    mount: (name) => near.mount(name) ?? through.mount(name),
    serviceKey: () => gateway.serviceRoleKey,
    userToken: async (id) => near.auth?.api.userToken(id),
    logsKey: () => near.inForce().analytics.publicToken ?? near.inForce().analytics.privateToken,
    sealedConnection: (access) =>
      near.meta?.api.sealConnection(near.connection(access === 'write' ? 'postgres' : 'supabase_read_only_user')),
    project: () => ({
      url: stack.publicUrl ?? near.url(),
      anonKey: gateway.anonKey,
      publishableKey: gateway.publishableKey,
      database: {
        host: db.host === undefined || db.host === 'db' || db.host === 'supabase-db' ? '127.0.0.1' : db.host,
        name: db.database,
        sessionPort: (near.pooler && pooler.sessionPort) || db.port,
        transactionPort: near.pooler ? pooler.transactionPort : undefined,
      },
    }),
    secret: (name) => secrets[name],
    apiSchemas: () => near.inForce().rest.schemas,
    settingsDesk: near.desk,
    mailDesk: () => near.auth?.api.mailDesk(),
    sealingSecret: stack.jwtSecret,
    defaultSnippetsFolder: join(volumesOf(settings), 'snippets'),
    egress: near.egress,
  });
  return {
    ...room,
    async stop() {
      await room.stop();
      through.close();
    },
  };
}
