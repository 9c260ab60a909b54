import { followLink } from '../core/one-time/link.ts';
import type { Route } from './route.ts';

/** `GET /verify`: follows a link from a mail; the token is the stored hash. */
export const verifyGet: Route = {
  method: 'GET',
  path: '/verify',
  access: 'public',
  limit: 'verify',
  private: true,
  async handle(exchange) {
    const { query } = exchange;
    const link = { token: query.get('token') ?? '', type: query.get('type') ?? '' };
    const location = await followLink(exchange.context, exchange.caller(), link);
    return { status: 303, headers: { location } };
  },
};
