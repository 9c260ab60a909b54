import { ServiceError } from '#kernel/errors';
import { type App, createApp } from '#kernel/http';
import { type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createDatabase, type Database } from '#kernel/sql';
import { builtFolder, createAssets } from './core/assets.ts';
import { createAttempts } from './core/attempts.ts';
import type { StudioContext } from './core/context.ts';
import { createPreviews } from './core/previews.ts';
import { createSeal } from './core/seal.ts';
import { createSnippets } from './core/snippets.ts';
import { studioError } from './errors.ts';
import type { StudioPorts } from './ports.ts';
import { safeHeaders } from './routes/page.ts';
import { bindRoutes } from './routes/table.ts';
import type { StudioSettings } from './settings.ts';
import { keepSettingsAccount } from './sql/operators.ts';
import { makeOwnTables } from './sql/own-tables.ts';
import { createPassOn, type PassOn, roomsPrefix } from './wire/pass-on.ts';

/** What the studio room is made of. */
export interface StudioDeps extends StudioPorts {
  readonly settings: StudioSettings;
  readonly log: Logger;
}

/** The dashboard's server side. */
export const studioRoom: RoomDefinition<StudioDeps, undefined> = { name: 'studio', create };

interface Running {
  readonly app: App;
  readonly passOn: PassOn;
  readonly db: Database;
}

/** Connections for accounts, sessions and the audit log. */
const connections = 4;

function create(deps: StudioDeps): Room<undefined> {
  let running: Running | undefined;
  const folder = deps.assets ?? builtFolder;
  const built = createAssets(folder);

  async function start(): Promise<void> {
    const { settings, log, owner } = deps;
    if (!built()) log.warn({ folder }, 'the dashboard is not built; npm run build does it');
    const db = createDatabase({ connection: deps.database(), size: connections, queueLimit: 200, prepares: true });
    try {
      await makeOwnTables(db);
      if (!(await keepSettingsAccount(db, owner.username)))
        log.warn({ setting: 'DASHBOARD_USERNAME' }, 'another operator has that name; the first account keeps its own');
    } catch (error) {
      await db.close();
      throw error;
    }
    const context: StudioContext = {
      settings,
      ports: deps,
      log,
      db,
      clock: deps.clock ?? systemClock,
      attempts: createAttempts(settings.signInClients),
      previews: createPreviews(),
      snippets: createSnippets(settings.snippetsFolder ?? deps.defaultSnippetsFolder, {
        count: settings.snippets,
        size: settings.snippetSize,
      }),
      seal: deps.sealingSecret === undefined ? undefined : createSeal(deps.sealingSecret),
    };
    const app = createApp({
      log,
      bodyLimit: 1024 * 1024,
      routes: (instance) => bindRoutes(instance, context, built),
      onNotFound: (_request, reply) => {
        const { status, code, message } = studioError('not_found');
        return reply.headers(safeHeaders).code(status).send({ code, message });
      },
      onError: (error, request, reply) => {
        void reply.headers(safeHeaders);
        const known: unknown = error;
        if (known instanceof ServiceError)
          return reply
            .headers(known.headers)
            .code(known.status)
            .send({ code: known.code, message: known.message, ...(known.details as object | null) });
        const status = error.statusCode ?? 500;
        if (status >= 500) log.error({ reqId: request.id, err: error }, 'studio failed');
        const { code, message } = studioError(status >= 500 ? 'internal' : 'invalid_request');
        return reply.code(status).send({ code, message });
      },
    });
    await app.ready();
    running = { app, db, passOn: createPassOn(context) };
  }

  return {
    mounts: [
      {
        name: 'studio',
        handle(request, response) {
          if (!running) response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end();
          else if (request.url?.startsWith(roomsPrefix)) running.passOn.handle(request, response);
          else running.app.handle(request, response);
        },
        upgrade(request, socket, head) {
          if (running && request.url?.startsWith(roomsPrefix)) running.passOn.upgrade(request, socket, head);
          else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        },
      },
    ],
    api: undefined,
    start,
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.app.close();
      await stopping?.db.close();
    },
    health: () => {
      if (!running) return { status: 'starting' };
      return built() ? { status: 'healthy' } : { status: 'healthy', detail: { dashboard: 'not built' } };
    },
  };
}
