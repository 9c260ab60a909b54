import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Tracer, within } from '#kernel/trace';
import type { EdgeTarget } from './target.ts';

/**
 * Has a target answer a request as part of a trace: a span for the request, one for the room within it. The room, and
 * whoever it passes the request on to, finds the trace in the header `traceparent`.
 *
 * @param place.route what the request was matched to, without values
 * @param place.mount who answers it
 */
export function handleTraced(
  tracer: Tracer,
  place: { readonly route: string; readonly mount: string },
  request: IncomingMessage,
  response: ServerResponse,
  target: EdgeTarget,
): void {
  const method = request.method ?? 'GET';
  const span = tracer.begin(`${method} ${place.route}`, request.headers.traceparent, {
    'http.request.method': method,
    'http.route': place.route,
    'url.path': (request.url ?? '/').split('?', 1)[0] as string,
  });
  const inner = span.child(place.mount, 'internal');
  response.once('close', () => {
    const { statusCode, writableFinished } = response;
    const failure = !writableFinished ? 'the client went away' : statusCode >= 500 ? `status ${statusCode}` : undefined;
    inner.end(failure);
    span.set({ 'http.response.status_code': statusCode });
    span.end(failure);
  });
  request.headers.traceparent = inner.traceparent;
  within(inner, () => target.handle(request, response));
}
