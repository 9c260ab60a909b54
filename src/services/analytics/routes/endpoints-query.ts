import { abortSignalOf, readPackedBody } from '#kernel/http';
import type { Dialect } from '../core/query/tokens.ts';
import { analyticsError } from '../errors.ts';
import { at, type Exchange, type Route } from './route.ts';

/** What is run where no query is given. */
const anything = 'select id, timestamp, event_message, metadata from edge_logs order by timestamp desc limit 100';

/** `GET|POST /api/endpoints/query/NAME` for `logs.all` and `usage.api-counts`: `{"result":[…]}`. */
export const endpointsQuery: Route = {
  methods: ['GET', 'POST'],
  access: 'public',
  matches: at('api', 'endpoints', 'query', '*'),
  async handle(exchange) {
    const { service, path } = exchange;
    if (!service.isReady()) throw analyticsError('not_ready', { headers: { 'retry-after': '1' } });
    const parameters = await allParameters(exchange);
    switch (path[3]) {
      case 'logs.all':
        return { result: await logsAll(exchange, parameters) };
      case 'usage.api-counts':
        return { result: await service.counts(parameters.get('interval')) };
      default:
        throw analyticsError('not_found');
    }
  },
};

/** `GET|POST /api/query?sql=…` with the private token: the same, under the name of the management interface. */
export const queryGet: Route = {
  methods: ['GET', 'POST'],
  access: 'private',
  matches: at('api', 'query'),
  async handle(exchange) {
    if (!exchange.service.isReady()) throw analyticsError('not_ready', { headers: { 'retry-after': '1' } });
    return { result: await logsAll(exchange, await allParameters(exchange)) };
  },
};

async function logsAll({ service, response }: Exchange, parameters: URLSearchParams): Promise<unknown[]> {
  const sql = parameters.get('sql') || parameters.get('pg_sql') || parameters.get('bq_sql') || anything;
  return service.query({
    sql,
    from: momentOf(parameters, 'iso_timestamp_start'),
    to: momentOf(parameters, 'iso_timestamp_end'),
    dialect: dialectOf(parameters),
    signal: abortSignalOf(response),
  });
}

// Of the body, form or JSON, as well as of the address, which has a bound on its length.
async function allParameters({ request, parameters, service }: Exchange): Promise<URLSearchParams> {
  if (request.method !== 'POST') return parameters;
  const text = (await readPackedBody(request, service.settings.bodyLimit)).toString('utf8');
  if (text.trim() === '') return parameters;
  const all = new URLSearchParams(parameters);
  if (!/json/.test(request.headers['content-type'] ?? 'json')) {
    for (const [name, value] of new URLSearchParams(text)) all.set(name, value);
    return all;
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw analyticsError('bad_body', { message: 'The body must be JSON' });
  }
  for (const [name, value] of Object.entries(body ?? {})) if (typeof value === 'string') all.set(name, value);
  return all;
}

function momentOf(parameters: URLSearchParams, name: string): string | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const moment = Date.parse(text);
  if (Number.isNaN(moment)) throw analyticsError('bad_parameter', { message: `${name} must be an ISO time` });
  return new Date(moment).toISOString();
}

function dialectOf(parameters: URLSearchParams): Dialect | undefined {
  if (parameters.get('pg_sql')) return 'postgres';
  if (parameters.get('bq_sql')) return 'bigquery';
  const dialect = parameters.get('dialect');
  return dialect === 'postgres' || dialect === 'bigquery' ? dialect : undefined;
}
