import { apiPageHeaders, apiPageOf, type FastifyInstance, openApiOf } from '#kernel/http';
import { httpApi } from './openapi.ts';

/** `GET /api/openapi` and `GET /swaggerui`, for anybody: the description of the HTTP API, for programs and to read. */
export function openApiGet(app: FastifyInstance): void {
  const document = openApiOf(httpApi);
  const page = apiPageOf(httpApi);
  app.get('/api/openapi', (_request, reply) => reply.send(document));
  app.get('/swaggerui', (_request, reply) => reply.headers(apiPageHeaders).send(page));
}
