import { type ApiDescription, openApiOf } from '#kernel/http';

const refused = { '403': 'The token is missing, wrong, expired or blocked. Empty body.' };
const missing = { '404': 'There is none: {"error": "not found"}.' };
const wrong = { '422': 'Fields that are wrong: {"errors": {"field": ["what is wrong"]}}.' };

/** All paths with their operations, by method. */
export const operations: ApiDescription['operations'] = {
  '/api/health': {
    get: {
      summary: 'Whether the pooler serves',
      access: undefined,
      answers: { '204': 'It does.', '503': 'It does not; `failed_checks` says why.' },
    },
  },
  '/api/tenants/{id}': {
    get: {
      summary: 'A tenant as it is served',
      access: 'api',
      answers: { '200': 'The tenant in `data`.', ...refused, ...missing },
    },
    put: {
      summary: 'Keeps a tenant and serves it from now on',
      access: 'api',
      body: 'TenantBody',
      answers: {
        '200': 'It replaced another; the tenant in `data`.',
        '201': 'It is new; the tenant in `data`.',
        ...refused,
        ...wrong,
      },
    },
    delete: {
      summary: 'Forgets a tenant; that of POOLER_TENANT_ID is served as the settings say again',
      access: 'api',
      answers: { '204': 'Done.', ...refused, ...missing },
    },
  },
  '/api/tenants/{id}/terminate': {
    get: {
      summary: "Ends all of a tenant's clients and server connections",
      access: 'api',
      answers: { '200': '{"result": "ok"}', ...refused, ...missing },
    },
  },
  '/api/tenants/{id}/update_auth_credentials': {
    post: {
      summary: 'Changes the password of a user, or without a body has stored passwords read anew',
      access: 'api',
      body: 'CredentialsBody',
      answers: { '204': 'Done.', ...refused, ...missing, ...wrong },
    },
  },
  '/api/clusters/{alias}': {
    get: {
      summary: 'A cluster',
      access: 'api',
      answers: { '200': 'The cluster in `data`.', ...refused, ...missing },
    },
    put: {
      summary: 'Keeps a cluster of tenants: one that writes, and its replicas',
      access: 'api',
      body: 'ClusterBody',
      answers: {
        '200': 'It replaced another; the cluster in `data`.',
        '201': 'It is new; the cluster in `data`.',
        ...refused,
        ...wrong,
      },
    },
    delete: {
      summary: 'Forgets a cluster, not its members',
      access: 'api',
      answers: { '204': 'Done.', ...refused, ...missing },
    },
  },
  '/api/openapi': {
    get: { summary: 'This document', access: 'api', answers: { '200': 'OpenAPI 3.', ...refused } },
  },
  '/swaggerui': {
    get: { summary: 'This document to read', access: undefined, answers: { '200': 'HTML.' } },
  },
  '/metrics': {
    get: {
      summary: 'All figures, for Prometheus',
      access: 'metrics',
      answers: { '200': 'Text format 0.0.4.', ...refused },
    },
  },
  '/metrics/{tenant}': {
    get: {
      summary: 'The figures of a tenant, for Prometheus',
      access: 'metrics',
      answers: { '200': 'Text format 0.0.4.', '404': 'There is none. Empty body.', ...refused },
    },
  },
};

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const flag = { type: 'boolean' } as const;
const list = (items: object) => ({ type: 'array', items }) as const;
const object = (properties: Readonly<Record<string, object>>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
const nullable = (schema: object) => ({ ...schema, nullable: true });

const userFields = {
  db_user: text,
  db_user_alias: text,
  is_manager: flag,
  mode_type: { type: 'string', enum: ['transaction', 'session'] },
  pool_size: count,
  pool_checkout_timeout: count,
  max_clients: nullable(count),
};
const tenantFields = {
  external_id: text,
  db_host: text,
  db_port: count,
  db_database: text,
  ip_version: { type: 'string', enum: ['v4', 'v6', 'auto'] },
  require_user: flag,
  auth_query: text,
  enforce_ssl: flag,
  upstream_ssl: flag,
  upstream_verify: { type: 'string', enum: ['none', 'peer'] },
  upstream_tls_ca: nullable(text),
  sni_hostname: nullable(text),
  default_pool_size: count,
  default_max_clients: count,
  client_idle_timeout: count,
  client_heartbeat_interval: count,
  allow_list: list(text),
  availability_zone: nullable(text),
  default_parameter_status: { type: 'object', additionalProperties: text },
  feature_flags: { type: 'object', additionalProperties: flag },
};
const member = object({ type: { type: 'string', enum: ['write', 'read'] }, tenant_external_id: text, active: flag }, [
  'type',
  'tenant_external_id',
]);

/** Schemas of what is sent and answered. */
export const schemas = {
  Tenant: object({ ...tenantFields, users: list(object(userFields)) }),
  TenantBody: object(
    {
      tenant: object({ ...tenantFields, users: list(object({ ...userFields, db_password: text }, ['db_user'])) }, [
        'db_host',
        'db_port',
        'db_database',
      ]),
    },
    ['tenant'],
  ),
  CredentialsBody: object({ db_user: text, db_password: text }),
  Cluster: object({ alias: text, active: flag, cluster_tenants: list(member) }),
  ClusterBody: object({ cluster: object({ active: flag, cluster_tenants: list(member) }, ['cluster_tenants']) }, [
    'cluster',
  ]),
} as const;

/** The HTTP API. @param version of the original that it mirrors */
export const describeApi = (version: string): ApiDescription => ({
  title: 'Pooler',
  version,
  operations,
  schemas,
  schemes: { api: 'Signed with API_JWT_SECRET', metrics: 'Signed with METRICS_JWT_SECRET' },
});

/** Its description (OpenAPI 3.0). */
export const openApiDocument = (version: string): object => openApiOf(describeApi(version));
