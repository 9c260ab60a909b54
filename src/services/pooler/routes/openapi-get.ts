import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { openApiDocument } from './openapi.ts';

/** `GET /api/openapi`, with a token of API_JWT_SECRET: the description of this API. */
export function openApiRoute(version: string) {
  const document = openApiDocument(version);
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => reply.send(document);
}
