import type { FastifyInstance, FastifyReply, FastifyRequest } from '#kernel/http';
import { parseTenantChange } from '../core/tenant.ts';
import { realtimeError } from '../errors.ts';
import { bearerOf } from './bearer-of.ts';
import type { HttpOptions } from './http-options.ts';
import { jsonOf } from './json-of.ts';

/**
 * The tenant's administration on the room's own port (spec §5.3). Its secret is one of its own: the original takes that of
 * the clients, by which anybody with the public key may change or remove the tenant. Health may be asked with either.
 */
export function tenants(app: FastifyInstance, options: HttpOptions): void {
  const { context, settings, tenant, changeTenant, databaseAnswers, translateKey } = options;
  const isAdmin = bearerOf(settings.adminSecret, () => context.clock.now());

  async function assertAdmin(request: FastifyRequest): Promise<void> {
    if (settings.adminSecret === settings.jwtSecret || !(await isAdmin(request.headers)))
      throw realtimeError('admin_refused');
  }
  function assertKnown({ params }: FastifyRequest): void {
    if ((params as { id: string }).id !== tenant.name) throw realtimeError('not_found');
  }

  app.get('/api/tenants/:id/health', async (request, reply) => {
    const bearer = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const isClient = async () => 'claims' in (await context.judge.judge(translateKey(bearer)));
    if (!(await isAdmin(request.headers)) && !(await isClient())) throw realtimeError('admin_refused');
    assertKnown(request);
    const connected = await databaseAnswers();
    const users = context.users.here + context.users.elsewhere();
    return reply.send({
      data: {
        healthy: connected || users === 0,
        db_connected: connected,
        replication_connected: context.feed?.health().streaming ?? false,
        connected_cluster: users,
        region: null,
        node: context.node,
      },
    });
  });

  app.get('/api/tenants', async (request, reply) => {
    await assertAdmin(request);
    return reply.send({ data: [tenant.view] });
  });
  app.get('/api/tenants/:id', async (request, reply) => {
    await assertAdmin(request);
    assertKnown(request);
    return reply.send({ data: tenant.view });
  });

  const change = async (request: FastifyRequest, reply: FastifyReply) => {
    await assertAdmin(request);
    assertKnown(request);
    const parsed = parseTenantChange(jsonOf(request.body));
    if ('problems' in parsed) throw realtimeError('invalid', { details: parsed.problems });
    changeTenant(parsed.limits);
    return reply.send({ data: tenant.view });
  };
  app.put('/api/tenants/:id', change);
  app.patch('/api/tenants/:id', change);

  for (const action of ['reload', 'shutdown'])
    app.post(`/api/tenants/:id/${action}`, async (request, reply) => {
      await assertAdmin(request);
      assertKnown(request);
      changeTenant({}, true);
      return reply.code(204).send();
    });
}
