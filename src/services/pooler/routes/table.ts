import type { FastifyInstance } from '#kernel/http';
import type { Directory } from '../core/directory.ts';
import type { Tenant } from '../core/tenant.ts';
import type { Guard } from './access.ts';
import { clusterDeleteRoute } from './cluster-delete.ts';
import { clusterRoute } from './cluster-get.ts';
import { clusterPutRoute } from './cluster-put.ts';
import { type HealthChecks, healthRoute } from './health-get.ts';
import { metricsRoute } from './metrics-get.ts';
import { openApiRoute } from './openapi-get.ts';
import { swaggerRoute } from './swagger-get.ts';
import { credentialsRoute } from './tenant-credentials-post.ts';
import { tenantDeleteRoute } from './tenant-delete.ts';
import { tenantRoute } from './tenant-get.ts';
import { tenantPutRoute } from './tenant-put.ts';
import { terminateRoute } from './tenant-terminate-get.ts';

/** What the routes do. */
export interface RouteContext {
  readonly directory: Directory;
  /** The tenant that the settings make. */
  readonly own: () => Tenant;
  /** Whether passwords can be kept. */
  readonly canSeal: boolean;
  readonly checks: HealthChecks;
  /** The figures of one tenant, or of all. */
  readonly metrics: (tenant?: string) => string;
  readonly terminate: (tenant: string) => void;
  readonly forgetSecrets: (tenant: string) => void;
  readonly api: Guard;
  readonly metricsAccess: Guard;
  readonly version: string;
  readonly now: () => number;
}

/** All routes of the pooler's HTTP side. */
export function bindRoutes(app: FastifyInstance, context: RouteContext): void {
  const { directory } = context;
  const api = { preHandler: context.api };
  const metrics = { preHandler: context.metricsAccess };
  app.get('/api/health', healthRoute(context.checks, context.now));
  app.get('/api/tenants/:id', api, tenantRoute(directory));
  app.put('/api/tenants/:id', api, tenantPutRoute(directory, context.own, context.canSeal));
  app.delete('/api/tenants/:id', api, tenantDeleteRoute(directory));
  app.get('/api/tenants/:id/terminate', api, terminateRoute(directory, context.terminate));
  app.post(
    '/api/tenants/:id/update_auth_credentials',
    api,
    credentialsRoute(directory, context.forgetSecrets, context.canSeal),
  );
  app.get('/api/clusters/:alias', api, clusterRoute(directory));
  app.put('/api/clusters/:alias', api, clusterPutRoute(directory));
  app.delete('/api/clusters/:alias', api, clusterDeleteRoute(directory));
  app.get('/api/openapi', api, openApiRoute(context.version));
  app.get('/swaggerui', swaggerRoute(context.version));
  app.get('/metrics', metrics, metricsRoute(directory, context.metrics));
  app.get('/metrics/:tenant', metrics, metricsRoute(directory, context.metrics));
}
