import { type FastifyReply, type FastifyRequest, requestContext } from '#kernel/http';

/** Lets pages of any origin read the answer. Behind the gateway it answers for origins. */
export function allowAnyOrigin(request: FastifyRequest, reply: FastifyReply): void {
  if (!requestContext(request.raw).viaGateway) reply.header('access-control-allow-origin', '*');
}

/** Answers what browsers ask before they post. */
export function preflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .code(204)
    .headers({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
      'access-control-max-age': '86400',
    })
    .send();
}
