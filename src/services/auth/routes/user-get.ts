import { firstAudience } from '../core/bearer.ts';
import { userView } from '../core/user-view.ts';
import { invalid } from '../errors.ts';
import type { Route } from './route.ts';

/** `GET /user`: the user a token was made for. */
export const userGet: Route = {
  method: 'GET',
  path: '/user',
  access: 'user',
  private: true,
  handle(exchange, bearer) {
    if (exchange.caller({ bearer }).aud !== firstAudience(bearer.claims))
      throw invalid("Token audience doesn't match request audience");
    return { body: userView(bearer.user) };
  },
};
