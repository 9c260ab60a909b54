import { withFailure } from '../core/redirect-answer.ts';
import {
  createProvider,
  deleteProvider,
  getProvider,
  listProviders,
  ssoProviderView,
  updateProvider,
} from '../core/sso/providers.ts';
import { samlOf } from '../core/sso/service.ts';
import { acceptResponse, beginSso } from '../core/sso/sign-in.ts';
import { type Answer, browserHost, challengeOf, type Exchange } from './exchange.ts';
import type { Route } from './route.ts';

const assertOn = ({ context }: Exchange): void => void samlOf(context);

const ssoPost: Route = {
  method: 'POST',
  path: '/sso',
  access: 'public',
  private: true,
  limit: 'sso',
  captcha: true,
  before: assertOn,
  async handle(exchange) {
    const fields = exchange.fields();
    const request = {
      providerId: fields.text('provider_id'),
      domain: fields.text('domain'),
      challenge: challengeOf(fields),
    };
    const caller = exchange.caller({ redirectTo: fields.text('redirect_to') });
    const { location, cookie } = await beginSso(exchange.context, caller, request, browserHost(exchange));
    const headers = { ...(cookie && { 'set-cookie': cookie }) };
    if (fields.flag('skip_http_redirect')) return { body: { url: location }, headers };
    return { status: 303, headers: { ...headers, location } };
  },
};

const metadataGet: Route = {
  method: 'GET',
  path: '/sso/saml/metadata',
  access: 'public',
  head: true,
  before: assertOn,
  handle({ context, query }) {
    const disposition = { 'content-disposition': 'attachment; filename="metadata.xml"' };
    return {
      text: samlOf(context).metadata(),
      headers: {
        'content-type': 'application/xml',
        'cache-control': 'public, max-age=600',
        ...(query.get('download') === 'true' && disposition),
      },
    };
  },
};

const acsPost: Route = {
  method: 'POST',
  path: '/sso/saml/acs',
  access: 'public',
  private: true,
  limit: 'samlAssertion',
  before: assertOn,
  async handle(exchange) {
    const form = exchange.form();
    const { context } = exchange;
    try {
      const answer = { response: form.get('SAMLResponse') ?? '', artifact: form.get('SAMLart') ?? '' };
      const relayState = form.get('RelayState') ?? '';
      const location = await acceptResponse(context, exchange.caller(), answer, relayState, exchange.header('cookie'));
      return { status: 303, headers: { location } };
    } catch (error) {
      context.log.info({ err: error }, 'an answer of an identity provider was refused');
      return { status: 303, headers: { location: withFailure(context.settings.siteUrl, error, true) } };
    }
  },
};

const ofAdmin = (
  method: Route['method'],
  path: string,
  handle: (exchange: Exchange, idp: string) => Promise<Answer>,
): Route => ({
  method,
  path,
  access: 'admin',
  private: true,
  handle: (exchange) => {
    assertOn(exchange);
    return handle(exchange, exchange.parameter('idp'));
  },
});

const providers = '/admin/sso/providers';

/** Single sign-on by SAML 2.0, and the administration of its providers. */
export const ssoRoutes: readonly Route[] = [
  ssoPost,
  metadataGet,
  acsPost,
  ofAdmin('GET', providers, async ({ context, query }) => ({
    body: await listProviders(context, query.get('resource_id') ?? '', query.get('resource_id_prefix') ?? ''),
  })),
  ofAdmin('POST', providers, async (exchange) => ({
    status: 201,
    body: await createProvider(exchange.context, exchange.fields()),
  })),
  ofAdmin('GET', `${providers}/:idp`, async ({ context }, idp) => ({
    body: ssoProviderView(await getProvider(context, idp), true),
  })),
  ofAdmin('PUT', `${providers}/:idp`, async (exchange, idp) => ({
    body: await updateProvider(exchange.context, idp, exchange.fields()),
  })),
  ofAdmin('DELETE', `${providers}/:idp`, async ({ context }, idp) => ({ body: await deleteProvider(context, idp) })),
];
