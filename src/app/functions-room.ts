import { join } from 'node:path';
import type { Bus } from '#kernel/bus';
import type { Room } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { type FunctionsApi, type FunctionsPorts, functionsRoom } from '#services/functions';
import { givenValue, type LoadedSettings } from './load-settings.ts';
import { volumesOf } from './volumes.ts';

/**
 * The functions of a stack.
 *
 * @param gatewayUrl where the gateway listens; empty before it does
 * @param former what the room offers whose place this one takes
 */
export function createFunctionsRoom(
  settings: LoadedSettings,
  log: Logger,
  gatewayUrl: () => string,
  database: (() => ConnectionOptions) | undefined,
  bus: Bus,
  former: FunctionsApi | undefined,
): Room<FunctionsApi> {
  const subject = 'functions.triggers';
  return functionsRoom.create({
    settings: settings.functions,
    log,
    ...functionsPorts(settings, gatewayUrl),
    database,
    ...(former && { heirlooms: former.heirlooms }),
    triggersAnnounced: {
      publish: () => bus.publish(subject, null),
      subscribe: (listener) => bus.subscribe(subject, listener),
    },
  });
}

/** What functions need of a stack, for its room and for the command line. */
export function functionsPorts(settings: LoadedSettings, gatewayUrl: () => string): FunctionsPorts {
  const volumes = volumesOf(settings);
  const { gateway, stack, sources } = settings;
  return {
    cwd: settings.cwd,
    defaultFolder: join(volumes, 'functions'),
    defaultCacheFolder: join(volumes, 'deno-cache'),
    secretsFile: join(volumes, 'functions-secrets.json'),
    variable: (name) => givenValue(sources, name),
    stack() {
      const url = gatewayUrl() || givenValue(sources, 'SUPABASE_URL') || `http://127.0.0.1:${gateway.httpPort}`;
      return {
        url,
        publicUrl: stack.publicUrl ?? url,
        databaseUrl: givenValue(sources, 'SUPABASE_DB_URL') ?? databaseUrl(settings),
        anonKey: gateway.anonKey,
        serviceRoleKey: gateway.serviceRoleKey,
        publishableKey: gateway.publishableKey,
        secretKey: gateway.secretKey,
      };
    },
  };
}

/** The database as a client of this machine reaches it: through the pooler's session port, which stands at its own. */
function databaseUrl({ db, stack }: LoadedSettings): string | undefined {
  if (!stack.postgresPassword) return undefined;
  const isEmbedded = db.host === undefined || db.host === 'db' || db.host === 'supabase-db';
  const host = isEmbedded ? '127.0.0.1' : db.host;
  return `postgresql://postgres:${encodeURIComponent(stack.postgresPassword)}@${host}:${db.port}/${db.database}`;
}
