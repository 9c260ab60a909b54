import type { FastifyInstance } from '#kernel/http';
import { config, version } from '../sql/catalog/server.ts';
import { bindList, type Resource } from './resource.ts';
import type { Run } from './run.ts';

const resource: Resource = { path: '/config', catalog: config };

/** `/config`, `/config/version`: settings of the server, and what it is. */
export function bindConfig(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  app.get('/config/version', (request, reply) =>
    run(request, reply, 500, async (session) => (await session.query(version))[0]?.rows[0]),
  );
}
