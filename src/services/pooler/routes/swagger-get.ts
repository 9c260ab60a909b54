import { apiPageHeaders, apiPageOf, type FastifyReply, type FastifyRequest } from '#kernel/http';
import { describeApi } from './openapi.ts';

/** `GET /swaggerui`, for anybody: the API's description as a page. */
export function swaggerRoute(version: string) {
  const page = apiPageOf(describeApi(version));
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    reply.headers(apiPageHeaders).send(page);
}
