import { type App, createApp } from '#kernel/http';
import type { Room, RoomDefinition } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { studioError } from './errors.ts';
import type { StudioPorts } from './ports.ts';
import { bindRoutes } from './routes/table.ts';
import type { StudioSettings } from './settings.ts';

/** What the studio room is made of. */
export interface StudioDeps extends StudioPorts {
  readonly settings: StudioSettings;
  readonly log: Logger;
}

/** The dashboard's server side. */
export const studioRoom: RoomDefinition<StudioDeps, undefined> = { name: 'studio', create };

function create(deps: StudioDeps): Room<undefined> {
  let app: App | undefined;
  return {
    mounts: [
      {
        name: 'studio',
        handle: (request, response) => {
          if (app) app.handle(request, response);
          else response.writeHead(503, { 'content-length': 0 }).end();
        },
      },
    ],
    api: undefined,
    async start() {
      const next = createApp({
        log: deps.log,
        bodyLimit: 1024 * 1024,
        routes: (instance) => bindRoutes(instance, deps.settings, deps),
        onNotFound: (_request, reply) => reply.code(404).send({ message: studioError('not_found').message }),
        onError: (error, request, reply) => {
          const status = error.statusCode ?? 500;
          if (status >= 500) deps.log.error({ reqId: request.id, err: error }, 'studio failed');
          return reply.code(status).send({ message: status >= 500 ? studioError('internal').message : error.message });
        },
      });
      await next.ready();
      app = next;
    },
    async stop() {
      await app?.close();
      app = undefined;
    },
    health: () => ({ status: app ? 'healthy' : 'starting' }),
  };
}
