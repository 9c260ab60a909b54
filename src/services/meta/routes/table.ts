import { type FastifyInstance, requestContext } from '#kernel/http';
import { bindColumns } from './columns.ts';
import { bindConfig } from './config.ts';
import { bindExtensions } from './extensions.ts';
import { bindFunctions } from './functions.ts';
import { bindGenerators } from './generators.ts';
import { bindPolicies } from './policies.ts';
import { bindPrivileges } from './privileges.ts';
import { bindPublications } from './publications.ts';
import { bindQuery } from './query.ts';
import { bindRelations } from './relations.ts';
import { bindRoles } from './roles.ts';
import type { Run } from './run.ts';
import { bindSchemas } from './schemas.ts';
import { bindTables } from './tables.ts';
import { bindTriggers } from './triggers.ts';
import { bindTypesAndIndexes } from './types-and-indexes.ts';

/** All routes of the meta room. @param version of the program it stands for */
export function bindRoutes(app: FastifyInstance, run: Run, version: string): void {
  app.get('/', async () => ({
    status: 200,
    name: '@supabase/postgres-meta',
    version,
    documentation: 'https://github.com/supabase/postgres-meta',
  }));
  app.get('/health', async () => ({ date: new Date().toISOString() }));
  bindTables(app, run);
  bindColumns(app, run);
  bindRelations(app, run);
  bindPolicies(app, run);
  bindPublications(app, run);
  bindRoles(app, run);
  bindSchemas(app, run);
  bindTriggers(app, run);
  bindFunctions(app, run);
  bindExtensions(app, run);
  bindTypesAndIndexes(app, run);
  bindPrivileges(app, run);
  bindConfig(app, run);
  bindQuery(app, run);
  bindGenerators(app, run);

  // On the room's own port every origin may ask; behind the gateway that is the gateway's business.
  app.addHook('onRequest', async (request, reply) => {
    if (!requestContext(request.raw).viaGateway) reply.header('access-control-allow-origin', '*');
  });
  app.options('*', async (request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'GET,HEAD,PUT,PATCH,POST,DELETE')
      .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
      .send(),
  );
}
