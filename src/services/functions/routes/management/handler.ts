import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceError } from '#kernel/errors';
import { readBody, requestContext, sendBody, sendJson } from '#kernel/http';
import type { Logger } from '#kernel/log';
import type { Functions } from '../../core/functions.ts';
import { functionsError, renderManagementError } from '../../errors.ts';
import type { StackAddress } from '../../ports.ts';
import { requireManager } from './access.ts';
import { matchRoute } from './match.ts';
import type { ManagementAnswer } from './route.ts';
import { managementRoutes } from './table.ts';

/** What the management interface is made of. */
export interface ManagementOptions {
  readonly functions: () => Functions | undefined;
  readonly stack: () => StackAddress;
  readonly log: Logger;
}

/** The handler of the management interface. */
export function createManagement(
  options: ManagementOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(options, request)
      .then((result) => send(response, result))
      .catch((thrown: unknown) => {
        const known = thrown instanceof ServiceError ? thrown : functionsError('internal', { cause: thrown });
        if (known !== thrown)
          options.log.error({ reqId: requestContext(request).id, err: thrown }, 'management failed');
        request.resume();
        const { headers, body } = renderManagementError(known);
        sendBody(response, known.status, headers, body);
      });
  };
}

async function answer({ functions, stack }: ManagementOptions, request: IncomingMessage): Promise<ManagementAnswer> {
  const running = functions();
  if (running === undefined) throw functionsError('not_running', { headers: { 'retry-after': '1' } });
  await requireManager(request, running, stack());
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const found = matchRoute(managementRoutes, request.method ?? '', pathname);
  if (found === 'path') throw functionsError('management_not_found');
  if (found === 'method') throw functionsError('method_not_allowed');
  const body = () =>
    readBody(request, running.settings.maxDeploymentSize).catch((error: unknown) => {
      throw functionsError('body_too_large', { cause: error });
    });
  return found.route.run({
    functions: running,
    params: found.params,
    query: searchParams,
    contentType: request.headers['content-type'] ?? '',
    body,
    async json() {
      try {
        return JSON.parse((await body()).toString('utf8')) as unknown;
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        throw functionsError('invalid_request', { message: 'The body is no JSON', cause: error });
      }
    },
  });
}

function send(response: ServerResponse, { status, json, raw }: ManagementAnswer): void {
  if (raw) sendBody(response, status, { 'content-type': raw.contentType }, raw.body);
  else sendJson(response, status, json);
}
