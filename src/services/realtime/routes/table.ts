import type { FastifyInstance } from '#kernel/http';
import { broadcastPost } from './broadcast-post.ts';
import type { HttpOptions } from './http-options.ts';

/** Every endpoint of the room but the socket itself, which is `upgrade.ts`. */
export function bindRoutes(app: FastifyInstance, options: HttpOptions): void {
  app.get('/healthcheck', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok'));
  app.get('/api/ping', (_request, reply) => reply.send({ message: 'Success' }));
  broadcastPost(app, options);
}
