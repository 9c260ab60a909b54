import type { FastifyInstance } from '#kernel/http';
import { broadcastPost } from './broadcast-post.ts';
import type { HttpOptions } from './http-options.ts';
import { longpoll } from './longpoll.ts';
import { metricsGet } from './metrics-get.ts';
import { openApiGet } from './openapi-get.ts';
import { snapshotPost } from './snapshot-post.ts';
import { tenants } from './tenants.ts';

/** Every endpoint of the room but the socket itself, which is `upgrade.ts`. */
export function bindRoutes(app: FastifyInstance, options: HttpOptions): void {
  app.get('/healthcheck', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok'));
  app.get('/api/ping', (_request, reply) => reply.send({ message: 'Success' }));
  // Bodies are judged after the caller, and JSON is handed on as it is, so bytes are all that is asked for.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  broadcastPost(app, options);
  snapshotPost(app, options);
  longpoll(app, options);
  tenants(app, options);
  metricsGet(app, options);
  openApiGet(app);
}
