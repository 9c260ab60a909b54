import { pageHeaders, readPage } from '../core/admin/pages.ts';
import type { Bearer } from '../core/bearer.ts';
import { beginAuthorization } from '../core/oauth-server/authorize.ts';
import {
  clientView,
  createClient,
  deleteClient,
  getClient,
  listClients,
  regenerateSecret,
  updateClient,
} from '../core/oauth-server/clients.ts';
import { decideAuthorization, listGrants, revokeGrant, showAuthorization } from '../core/oauth-server/consent.ts';
import { answerTokenRequest, userinfo } from '../core/oauth-server/token.ts';
import { authError, invalid } from '../errors.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { Route } from './route.ts';
import { discovery, discoveryHeaders } from './well-known.ts';

type Common = Pick<Route, 'method' | 'path' | 'private' | 'limit' | 'head'>;

// Where the server is off, endpoints say so before anything else; those of administrators do after asking who is there.
function assertOn({ context }: Exchange): void {
  if (!context.settings.oauthServerEnabled) throw authError('feature_disabled');
}

const open = (common: Common, handle: (exchange: Exchange) => Answer | Promise<Answer>): Route => ({
  ...common,
  access: 'public',
  before: assertOn,
  handle,
});
const ofUser = (common: Common, handle: (exchange: Exchange, bearer: Bearer) => Promise<Answer>): Route => ({
  ...common,
  access: 'user',
  private: true,
  before: assertOn,
  handle,
});
const ofAdmin = (common: Common, handle: (exchange: Exchange) => Promise<Answer>): Route => ({
  ...common,
  access: 'admin',
  private: true,
  handle: (exchange) => {
    assertOn(exchange);
    return handle(exchange);
  },
});

// A page elsewhere must not decide in a user's name, should it get hold of a token.
function assertOrigin(exchange: Exchange): void {
  const origin = exchange.header('origin');
  if (origin === undefined) return;
  const { redirects } = exchange.context;
  if (!redirects.isAllowed(origin) && !redirects.isAllowed(`${origin}/`)) throw invalid('unauthorized request origin');
}

const metadata = (path: string): Route =>
  open({ method: 'GET', path, head: true }, ({ context }) => ({
    body: discovery(context),
    headers: discoveryHeaders,
  }));

const clients = '/admin/oauth/clients';
const oneClient = `${clients}/:client_id`;

/** The OAuth 2.1 server: applications elsewhere sign users in here. */
export const oauthServerRoutes: readonly Route[] = [
  metadata('/.well-known/oauth-authorization-server'),
  // RFC 8414 §3.1: the issuer's path follows.
  metadata('/.well-known/oauth-authorization-server/*'),
  open({ method: 'GET', path: '/oauth/authorize', private: true }, async ({ context, query }) => ({
    status: 302,
    headers: { location: await beginAuthorization(context, query) },
  })),
  open({ method: 'POST', path: '/oauth/token', private: true, limit: 'token' }, (exchange) =>
    answerTokenRequest(exchange.context, exchange.caller(), {
      authorization: exchange.header('authorization'),
      form: exchange.form(),
    }),
  ),
  open({ method: 'POST', path: '/oauth/clients/register', private: true, limit: 'oauthRegister' }, async (exchange) => {
    if (!exchange.context.settings.oauthServerRegistration)
      throw authError('oauth_dynamic_client_registration_disabled');
    return { status: 201, body: await createClient(exchange.context, exchange.fields(), 'dynamic') };
  }),
  ofUser({ method: 'GET', path: '/oauth/userinfo' }, async (_exchange, { user, session }) => ({
    body: userinfo(user, session?.scopes),
  })),
  ofUser({ method: 'GET', path: '/oauth/authorizations/:id' }, async (exchange, bearer) => {
    assertOrigin(exchange);
    return { body: await showAuthorization(exchange.context, bearer, exchange.parameter('id')) };
  }),
  ofUser({ method: 'POST', path: '/oauth/authorizations/:id/consent' }, async (exchange, bearer) => {
    assertOrigin(exchange);
    const action = exchange.fields().text('action');
    return { body: await decideAuthorization(exchange.context, bearer, exchange.parameter('id'), action) };
  }),
  ofUser({ method: 'GET', path: '/user/oauth/grants' }, async ({ context }, bearer) => ({
    body: await listGrants(context, bearer),
  })),
  ofUser({ method: 'DELETE', path: '/user/oauth/grants' }, async ({ context, query }, bearer) => {
    await revokeGrant(context, bearer, query.get('client_id') ?? '');
    return { status: 204 };
  }),
  ofAdmin({ method: 'GET', path: clients }, async ({ context, query, path }) => {
    const page = readPage(query, context.settings.maxPageSize);
    const { clients: rows, total } = await listClients(context, page.size, (page.number - 1) * page.size);
    return { body: { clients: rows }, headers: pageHeaders(path, query, page, total) };
  }),
  ofAdmin({ method: 'POST', path: clients }, async (exchange) => ({
    status: 201,
    body: await createClient(exchange.context, exchange.fields(), 'manual'),
  })),
  ofAdmin({ method: 'GET', path: oneClient }, async (exchange) => ({
    body: clientView(await getClient(exchange.context, exchange.parameter('client_id'))),
  })),
  ofAdmin({ method: 'PUT', path: oneClient }, async (exchange) => ({
    body: await updateClient(exchange.context, exchange.parameter('client_id'), exchange.fields()),
  })),
  ofAdmin({ method: 'DELETE', path: oneClient }, async (exchange) => {
    await deleteClient(exchange.context, exchange.parameter('client_id'));
    return { status: 204 };
  }),
  ofAdmin({ method: 'POST', path: `${oneClient}/regenerate_secret` }, async (exchange) => ({
    body: await regenerateSecret(exchange.context, exchange.parameter('client_id')),
  })),
];
