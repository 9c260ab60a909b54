import { beginExternalSignIn } from '../core/external/authorize.ts';
import { authError } from '../errors.ts';
import { browserHost } from './exchange.ts';
import type { Route } from './route.ts';

/** `GET /authorize`: sends a browser to a provider. */
export const authorizeGet: Route = {
  method: 'GET',
  path: '/authorize',
  access: 'public',
  private: true,
  async handle(exchange) {
    const { context, query } = exchange;
    const browser = browserHost(exchange);
    const { location, cookie } = await beginExternalSignIn(context, exchange.caller(), query, { browser });
    return { status: 302, headers: { location, ...(cookie && { 'set-cookie': cookie }) } };
  },
};

/** `GET /user/identities/authorize`: the same, to add an identity to who is signed in. */
export const identityAuthorizeGet: Route = {
  method: 'GET',
  path: '/user/identities/authorize',
  access: 'user',
  private: true,
  async handle(exchange, bearer) {
    if (!exchange.context.settings.manualLinking) throw authError('manual_linking_disabled');
    const caller = exchange.caller({ bearer });
    const linkTo = bearer.user.id;
    const begun = { linkTo, browser: browserHost(exchange) };
    const { location, cookie } = await beginExternalSignIn(exchange.context, caller, exchange.query, begun);
    const headers = { ...(cookie && { 'set-cookie': cookie }) };
    if (exchange.query.get('skip_http_redirect') === 'true') return { body: { url: location }, headers };
    return { status: 302, headers: { ...headers, location } };
  },
};
