import { readPackedBody } from '#kernel/http';
import { analyticsError } from '../errors.ts';
import { at, type Route } from './route.ts';

/** `GET /api/sources`: all streams, with the tokens that name them in addresses. */
export const sourcesGet: Route = {
  methods: ['GET'],
  access: 'private',
  matches: at('api', 'sources'),
  handle: async ({ service }) => [...(await service.store.sources()).values()],
};

/** `POST /api/sources` with `{"name":…}` makes one. */
export const sourcesPost: Route = {
  methods: ['POST'],
  access: 'private',
  matches: at('api', 'sources'),
  async handle({ request, service }) {
    const text = (await readPackedBody(request, service.settings.bodyLimit)).toString('utf8');
    const name = nameOf(text);
    const problem = name === undefined || name === '' ? "can't be blank" : 'must have 1 to 200 characters';
    if (!name || name.length > 200 || name.includes('\0'))
      throw analyticsError('invalid', { details: { name: [problem] } });
    return service.store.addSource(name);
  },
};

function nameOf(text: string): string | undefined {
  try {
    const { name } = JSON.parse(text) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

/** `GET /api/endpoints`: the endpoints that can be queried. */
export const endpointsGet: Route = {
  methods: ['GET'],
  access: 'private',
  matches: at('api', 'endpoints'),
  handle: async ({ service }) =>
    [
      { name: 'logs.all', sandboxable: true, cache_duration_seconds: 0 },
      { name: 'usage.api-counts', sandboxable: true, cache_duration_seconds: service.settings.countsCache / 1_000 },
    ].map((endpoint) => ({ ...endpoint, max_limit: service.settings.maxRows, enable_auth: true })),
};
