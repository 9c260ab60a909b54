import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '#kernel/http';
import type { Health } from '#kernel/lifecycle';

/** Health of every room with whether the program can serve without it. */
export type HealthReport = Readonly<Record<string, Health & { readonly required: boolean }>>;

/**
 * `GET /health` and `/_health/ready`: 200 and `{"status":"ok","services":{name:{status,…}}}` once every required room
 * serves, 503 before. Needs no key and shows no secret.
 */
export function healthHandler(health: () => Promise<HealthReport>) {
  return (_request: IncomingMessage, response: ServerResponse): void => {
    void health().then((services) => {
      const ready = Object.values(services).every((room) => !room.required || room.status === 'healthy');
      sendJson(response, ready ? 200 : 503, { status: ready ? 'ok' : 'unavailable', services }, noStore);
    });
  };
}

/** `GET /_health/live`: 200 as long as the process answers at all. */
export function liveHandler(_request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 200, { status: 'ok' }, noStore);
}

const noStore = { 'cache-control': 'no-store' };
