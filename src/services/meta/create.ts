import { type App, createApp, sendJson, setRequestContext } from '#kernel/http';
import type { Room, RoomDefinition } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { metricsContentType, renderMetrics } from '#kernel/metrics';
import { type ConnectionOptions, parseConnectionUrl } from '#kernel/sql';
import { passphraseOf, sealConnection } from './core/connection.ts';
import { createRequestMetrics, type RequestMetrics } from './core/request-metrics.ts';
import { createSeats } from './core/seats.ts';
import { metaError } from './errors.ts';
import type { MetaPorts } from './ports.ts';
import { createRun, type Run, refusal } from './routes/run.ts';
import { bindRoutes } from './routes/table.ts';
import type { MetaSettings } from './settings.ts';

/** What the meta room is made of. */
export interface MetaDeps extends MetaPorts {
  readonly settings: MetaSettings;
  readonly log: Logger;
}

/** What the meta room offers others. */
export interface MetaApi {
  /** Value of `x-connection-encrypted` with which a request runs on that connection. */
  readonly sealConnection: (connection: ConnectionOptions) => string;
}

/** The database's catalogue as a management interface. */
export const metaRoom: RoomDefinition<MetaDeps, MetaApi> = { name: 'meta', create };

/** The release of postgres-meta whose interface this is. */
const version = '0.95.2';

function create(deps: MetaDeps): Room<MetaApi> {
  const { settings } = deps;
  let build: (() => Promise<App>) | undefined;
  // Made at the first request: compiling the schemas of all bodies takes a tenth of a second, which a start has no use for.
  let app: Promise<App> | undefined;
  const metrics = createRequestMetrics();
  return {
    mounts: [
      {
        name: 'meta',
        handle: (request, response) => {
          const id = request.headers[settings.requestIdHeader.toLowerCase()];
          if (typeof id === 'string' && id !== '') setRequestContext(request, { id: id.slice(0, 200) });
          if (build) app ??= build();
          if (!app) response.writeHead(503, { 'content-length': 0 }).end();
          else
            app.then(
              ({ handle }) => handle(request, response),
              (error: unknown) => {
                app = undefined;
                deps.log.error({ err: error }, 'the routes of meta could not be made');
                sendJson(response, 500, { error: metaError('internal').message });
              },
            );
        },
      },
      {
        // The original's second port, which has this one path.
        name: 'meta-metrics',
        handle: (request, response) => {
          if (request.url?.split('?')[0] !== '/metrics' || request.method !== 'GET')
            sendJson(response, 404, { error: metaError('not_found').message });
          else response.writeHead(200, { 'content-type': metricsContentType }).end(renderMetrics(metrics.families()));
        },
      },
    ],
    api: { sealConnection: (connection) => sealConnection(connection, passphraseOf(settings)) },
    async start() {
      const seats = createSeats(settings.sessions, settings.waiting);
      const database = () => configuredDatabase(settings) ?? deps.database();
      build = () =>
        buildApp(deps.log, settings, metrics, createRun({ settings, log: deps.log, database, seats, version }));
    },
    async stop() {
      build = undefined;
      const closing = await app?.catch(() => undefined);
      app = undefined;
      await closing?.close();
    },
    health: () => ({ status: build ? 'healthy' : 'starting' }),
    metrics: () => metrics.families(),
  };
}

async function buildApp(log: Logger, settings: MetaSettings, metrics: RequestMetrics, run: Run): Promise<App> {
  const app = createApp({
    log,
    bodyLimit: settings.bodyLimit * 1024 * 1024,
    routes: (instance) => {
      instance.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) =>
        metrics.observe(method, routeOptions.url ?? '', statusCode, elapsedTime / 1_000),
      );
      bindRoutes(instance, run, version);
    },
    onNotFound: (_request, reply) => reply.code(404).send({ error: metaError('not_found').message }),
    // Upstream answers 500 to everything that its handlers did not catch, a body that breaks the schema included.
    onError: (error, request, reply) => {
      if (!error.validation && (error.statusCode ?? 500) >= 500)
        log.warn({ reqId: request.id, err: error }, 'meta failed');
      const { status, body } = refusal(error, 500);
      return reply.code(status).send(body);
    },
  });
  await app.ready();
  return app;
}

/** The database that the settings of the original name; undefined: that of the stack. */
export function configuredDatabase(settings: MetaSettings): ConnectionOptions | undefined {
  const certificate = settings.dbRootCertificate && { sslRootCertificate: settings.dbRootCertificate };
  if (settings.dbUrl) return { ...parseConnectionUrl(settings.dbUrl), ...certificate };
  if (!settings.dbHost) return undefined;
  return {
    host: settings.dbHost,
    port: settings.dbPort,
    database: settings.dbName,
    user: settings.dbUser,
    sslMode: settings.dbSslMode,
    ...(settings.dbPassword && { password: settings.dbPassword }),
    ...certificate,
  };
}
