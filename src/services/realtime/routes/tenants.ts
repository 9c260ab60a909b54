import type { FastifyInstance, FastifyReply, FastifyRequest } from '#kernel/http';
import { onlyTenant, parseTenantChange } from '../core/tenant.ts';
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
  // The clients' secret is none of the administration's, whatever the settings say.
  const secrets = [settings.adminSecret, settings.adminSecretNext].filter((secret) => secret !== settings.jwtSecret);
  const isAdmin = bearerOf(secrets, settings.adminBlocked, () => context.clock.now());

  async function assertAdmin(request: FastifyRequest): Promise<void> {
    if (!(await isAdmin(request.headers))) throw realtimeError('admin_refused');
  }
  function assertKnown({ params }: FastifyRequest): void {
    if (!tenant.exists || (params as { id: string }).id !== tenant.name) throw realtimeError('not_found');
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
    return reply.send({ data: tenant.exists ? [tenant.view] : [] });
  });
  app.get('/api/tenants/:id', async (request, reply) => {
    await assertAdmin(request);
    assertKnown(request);
    return reply.send({ data: tenant.view });
  });

  function put(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const parsed = parseTenantChange(jsonOf(request.body), tenant.facts);
    if ('problems' in parsed) throw realtimeError('invalid', { details: parsed.problems });
    const isNew = !tenant.exists;
    changeTenant(tenant.after({ ...parsed.limits, removed: false }));
    if (isNew) reply.code(201).header('location', `/api/tenants/${encodeURIComponent(tenant.name)}`);
    return reply.send({ data: tenant.view });
  }
  const refuse = (problem: string) => realtimeError('invalid', { details: { external_id: [problem] } });

  app.post('/api/tenants', async (request, reply) => {
    await assertAdmin(request);
    const { external_id: id } =
      (jsonOf(request.body) as { tenant?: { external_id?: unknown } | null } | null)?.tenant ?? {};
    if (id === undefined) throw refuse("can't be blank");
    if (id === tenant.name && tenant.exists) throw refuse('has already been taken');
    return put(request, reply);
  });

  // As with the original, who changes a tenant that is not there makes it.
  const change = async (request: FastifyRequest, reply: FastifyReply) => {
    await assertAdmin(request);
    if ((request.params as { id: string }).id !== tenant.name) throw refuse(onlyTenant(tenant.facts));
    return put(request, reply);
  };
  app.put('/api/tenants/:id', change);
  app.patch('/api/tenants/:id', change);

  app.delete('/api/tenants/:id', async (request, reply) => {
    await assertAdmin(request);
    if ((request.params as { id: string }).id === tenant.name && tenant.exists) changeTenant({ removed: true });
    return reply.code(204).send();
  });

  for (const action of ['reload', 'shutdown'])
    app.post(`/api/tenants/:id/${action}`, async (request, reply) => {
      await assertAdmin(request);
      assertKnown(request);
      changeTenant({}, true);
      return reply.code(204).send();
    });
}
