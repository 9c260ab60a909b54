import { readPackedChunks } from '#kernel/http';
import { createEventReader } from '../core/ingest/read-events.ts';
import { analyticsError } from '../errors.ts';
import type { Exchange, Route } from './route.ts';

const formats = new Set(['json', 'vector', 'cloudflare', 'typecasts', 'elixir/logger']);

/** Paths that take events: `/api/logs`, `/logs`, `/api/events`, and those of formats that are JSON all the same. */
function matches(path: readonly string[]): boolean {
  const rest = path[0] === 'api' ? path.slice(1) : path;
  if (rest[0] !== 'logs' && !(path[0] === 'api' && rest[0] === 'events')) return false;
  return rest.length === 1 || formats.has(rest.slice(1).join('/'));
}

/** `POST /api/logs?source_name=…` (or `source=` with its token): the answer comes when the events are committed. */
export const logsPost: Route = {
  methods: ['POST'],
  access: 'public',
  matches,
  async handle(exchange) {
    const { request, service } = exchange;
    const { settings, store, nextId, now } = service;
    if (!service.isReady()) throw analyticsError('not_ready', { headers: { 'retry-after': '1' } });
    const source = await sourceOf(exchange);
    const writer = await store.open(new Set([source]));
    try {
      const { batchEvents: limit, eventSize } = settings;
      const reader = createEventReader({ source, nextId, now: now(), limit, eventSize }, writer.add);
      const turn = service.turns.join();
      await readPackedChunks(request, settings.bodyLimit, (chunk) => turn.take(() => reader.push(chunk)));
      const { isRetry } = reader.end();
      await writer.commit(isRetry);
    } catch (error) {
      writer.drop();
      throw error;
    }
    return { message: 'Logged!' };
  },
};

async function sourceOf({ parameters, service }: Exchange): Promise<string> {
  const name = parameters.get('source_name') ?? parameters.get('collection_name');
  if (name !== null) {
    if (name === '' || name.length > 200 || name.includes('\0'))
      throw analyticsError('bad_parameter', { message: 'source_name must have 1 to 200 characters' });
    return name;
  }
  const token = parameters.get('source') ?? parameters.get('collection');
  if (token === null) throw analyticsError('bad_parameter', { message: 'source_name or source is missing' });
  for (const source of (await service.store.sources()).values()) if (source.token === token) return source.name;
  throw analyticsError('not_found');
}
