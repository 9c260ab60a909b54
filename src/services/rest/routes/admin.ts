import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { renderMetrics } from '#kernel/metrics';
import { dumpCache } from '../core/cache/dump.ts';
import { renderConfig } from '../core/config-dump.ts';
import type { Engine } from '../core/engine.ts';
import { metricFamilies } from '../core/metrics.ts';

/** What the handler is joined with. */
export interface AdminOptions {
  /** Undefined before the start. */
  readonly state: () => Engine | undefined;
  readonly acceptsClients: () => Promise<boolean>;
}

/** Creates the handler of the administration port: `/live`, `/ready`, `/config`, `/schema_cache`, `/metrics`. */
export function createAdminHandler(
  options: AdminOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(options, request, response).catch(() => response.destroy());
  };
}

async function answer(options: AdminOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const engine = options.state();
  const path = (request.url ?? '').split('?', 1)[0];
  request.resume();
  switch (path) {
    case '/live':
      return empty(response, (await options.acceptsClients()) ? 200 : 500);
    case '/ready':
      return empty(response, (await options.acceptsClients()) ? readiness(engine) : 500);
    case '/config':
      if (engine === undefined) return empty(response, 503);
      return text(response, renderConfig(engine.settings, engine.snapshot.config));
    case '/metrics':
      if (engine === undefined) return empty(response, 503);
      return text(response, renderMetrics(metricFamilies(engine)));
    case '/schema_cache': {
      const cache = engine?.snapshot.cache;
      if (cache === undefined) return empty(response, 503);
      response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' });
      await pipeline(Readable.from(inChunks(dumpCache(cache))), response);
      return;
    }
    default:
      empty(response, 404);
  }
}

/** Requests can be served, and changes of the schema would be noticed. */
const readiness = (engine: Engine | undefined): number =>
  engine?.snapshot.cache !== undefined && engine.isListening ? 200 : 503;

function empty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 }).end();
}

function text(response: ServerResponse, body: string): void {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(200, headers).end(body);
}

const chunkLength = 64 * 1024;

/** Joins pieces to chunks, and lets other requests have their turn between two of them. */
async function* inChunks(pieces: Iterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
    await breathe();
  }
  yield chunk;
}
