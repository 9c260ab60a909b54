import { completeExternalSignIn } from '../core/external/callback.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { Route } from './route.ts';

async function complete(exchange: Exchange, parameters: URLSearchParams): Promise<Answer> {
  const { status, location } = await completeExternalSignIn(
    exchange.context,
    exchange.caller(),
    parameters,
    exchange.header('cookie'),
  );
  return { status, headers: { location } };
}

/** `GET /callback`: a browser comes back from a provider. */
export const callbackGet: Route = {
  method: 'GET',
  path: '/callback',
  access: 'public',
  private: true,
  handle: (exchange) => complete(exchange, exchange.query),
};

/** `POST /callback`: the same by a form, as Apple has it. */
export const callbackPost: Route = {
  method: 'POST',
  path: '/callback',
  access: 'public',
  private: true,
  handle: (exchange) => complete(exchange, exchange.form()),
};
