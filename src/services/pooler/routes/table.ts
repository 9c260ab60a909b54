import type { FastifyInstance } from '#kernel/http';
import type { Tenant } from '../core/tenant.ts';
import type { Guard } from './access.ts';
import { type HealthChecks, healthRoute } from './health-get.ts';
import { metricsRoute } from './metrics-get.ts';
import { credentialsRoute } from './tenant-credentials-post.ts';
import { tenantRoute } from './tenant-get.ts';
import { terminateRoute } from './tenant-terminate-get.ts';

/** What the routes do. */
export interface RouteContext {
  readonly tenantId: string;
  readonly tenant: () => Tenant;
  readonly checks: HealthChecks;
  readonly metrics: () => string;
  readonly terminate: () => void;
  readonly forgetSecrets: () => void;
  readonly api: Guard;
  readonly metricsAccess: Guard;
  readonly now: () => number;
}

/** All routes of the pooler's HTTP side. */
export function bindRoutes(app: FastifyInstance, context: RouteContext): void {
  const { tenantId } = context;
  const api = { preHandler: context.api };
  const metrics = { preHandler: context.metricsAccess };
  app.get('/api/health', healthRoute(context.checks, context.now));
  app.get('/api/tenants/:id', api, tenantRoute(context.tenant));
  app.get('/api/tenants/:id/terminate', api, terminateRoute(tenantId, context.terminate));
  app.post('/api/tenants/:id/update_auth_credentials', api, credentialsRoute(tenantId, context.forgetSecrets));
  app.get('/metrics', metrics, metricsRoute(tenantId, context.metrics));
  app.get('/metrics/:tenant', metrics, metricsRoute(tenantId, context.metrics));
}
