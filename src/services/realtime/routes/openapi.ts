import type { ApiDescription } from '#kernel/http';

const refused = { '403': 'The token is missing, wrong, expired or blocked. Empty body.' };
const missing = { '404': 'There is none: {"error": "not found"}.' };
const wrong = { '422': 'Fields that are wrong: {"errors": {"field": ["what is wrong"]}}.' };
const sending = {
  '202': 'Taken; `x-rate-limit`, `x-rate-rolling` and `x-rate-limit-remaining` say how much is left.',
  '401': 'The token is missing or not good.',
  '422': 'What is wrong, by message and field.',
  '429': 'Too many messages.',
  '503': 'The policies of a private channel could not be asked.',
};
const metrics = {
  get: {
    summary: 'All figures, for Prometheus',
    access: 'metrics',
    answers: { '200': 'Text format 0.0.4.', ...refused },
  },
};
const change = {
  summary: 'Changes limits, or makes the one tenant anew where it was removed',
  access: 'administration',
  body: 'TenantBody',
  answers: { '200': 'The tenant in `data`.', '201': 'It is new; the tenant in `data`.', ...refused, ...wrong },
};
const restart = {
  summary: 'Tells all channels, and closes all sockets',
  access: 'administration',
  answers: { '204': 'Done.', ...refused, ...missing },
};

/** All paths with their operations, by method; sockets and long polls are a protocol of their own. */
export const operations: ApiDescription['operations'] = {
  '/healthcheck': { get: { summary: 'Whether the process answers', access: undefined, answers: { '200': 'ok' } } },
  '/api/ping': {
    get: { summary: 'Whether the process answers', access: undefined, answers: { '200': '{"message": "Success"}' } },
  },
  '/api/broadcast': {
    post: { summary: 'Sends a batch of messages', access: 'client', body: 'Batch', answers: sending },
  },
  '/api/broadcast/{topic}/events/{event}': {
    post: {
      summary: 'Sends one message: JSON or bytes, with `?private=true` to a private channel',
      access: 'client',
      body: 'Payload',
      answers: { ...sending, '403': 'The caller may not write there.', '415': 'Neither JSON nor bytes.' },
    },
  },
  '/api/snapshot': {
    post: {
      summary: 'Rows of a table, and the position its changes go on from',
      access: 'client',
      body: 'Snapshot',
      answers: {
        '200': 'The rows.',
        '400': 'It cannot be read.',
        '401': 'The token is not good.',
        '503': 'Changes do not flow.',
      },
    },
  },
  '/api/tenants': {
    get: { summary: 'The tenants', access: 'administration', answers: { '200': 'In `data`.', ...refused } },
    post: { ...change, summary: 'Makes the one tenant anew where it was removed' },
  },
  '/api/tenants/{id}': {
    get: {
      summary: 'The tenant with its limits',
      access: 'administration',
      answers: { '200': 'The tenant in `data`.', ...refused, ...missing },
    },
    put: change,
    patch: change,
    delete: { summary: 'Removes the tenant', access: 'administration', answers: { '204': 'Done.', ...refused } },
  },
  '/api/tenants/{id}/health': {
    get: {
      summary: 'Whether the database is reached, and how many are connected; with a token of clients, too',
      access: 'administration',
      answers: { '200': 'In `data`.', ...refused, ...missing },
    },
  },
  '/api/tenants/{id}/reload': { post: restart },
  '/api/tenants/{id}/shutdown': { post: restart },
  '/metrics': metrics,
  '/metrics/{region}': metrics,
  '/tenant-metrics': metrics,
  '/tenant-metrics/{region}': metrics,
  '/api/openapi': { get: { summary: 'This document', access: undefined, answers: { '200': 'OpenAPI 3.' } } },
  '/swaggerui': { get: { summary: 'This document to read', access: undefined, answers: { '200': 'HTML.' } } },
};

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const object = (properties: Readonly<Record<string, object>>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
const message = object({ topic: text, event: text, payload: { type: 'object' }, private: flag }, [
  'topic',
  'event',
  'payload',
]);

const schemas = {
  Batch: object({ messages: { type: 'array', items: message } }, ['messages']),
  Payload: { description: 'Any JSON value; or bytes, as application/octet-stream' },
  Snapshot: object(
    {
      schema: text,
      table: text,
      filter: text,
      select: { type: 'array', items: text },
      limit: { type: 'integer', minimum: 1 },
      after: text,
    },
    ['table'],
  ),
  TenantBody: object(
    {
      tenant: object({
        external_id: text,
        max_concurrent_users: count,
        max_channels_per_client: count,
        max_events_per_second: count,
        max_joins_per_second: count,
        max_presence_events_per_second: count,
        max_payload_size_in_kb: count,
        private_only: flag,
        suspend: flag,
      }),
    },
    ['tenant'],
  ),
};

/** The HTTP API, in the version of the original that it mirrors. */
export const httpApi: ApiDescription = {
  title: 'Realtime',
  version: '2.72.0',
  operations,
  schemas,
  schemes: {
    client: 'A user’s token, or a key of the project',
    administration: 'Signed with STACK_REALTIME_ADMIN_SECRET or STACK_REALTIME_ADMIN_SECRET_NEXT',
    metrics: 'Signed with STACK_REALTIME_METRICS_SECRET',
  },
};
