import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import Provider from 'oidc-provider';

/** A certified OpenID provider on this machine. */
export interface OidcServer {
  readonly issuer: string;
  stop(): Promise<void>;
}

/** How it is set up. */
export interface OidcOptions {
  readonly port: number;
  /** Callbacks of the one client, `app` with secret `app-secret`. */
  readonly redirectUris: readonly string[];
  /** PEM; with it the server speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Addresses as Keycloak has them. */
  readonly likeKeycloak?: boolean;
}

const keycloakRoutes = {
  authorization: '/protocol/openid-connect/auth',
  token: '/protocol/openid-connect/token',
  userinfo: '/protocol/openid-connect/userinfo',
  jwks: '/protocol/openid-connect/certs',
};

/**
 * Starts it. Whoever comes is signed in as the person `login_hint` names, and consents; `unchecked…` has an address nobody
 * has checked.
 */
export async function startOidcServer(options: OidcOptions): Promise<OidcServer> {
  const issuer = `${options.tls ? 'https' : 'http'}://127.0.0.1:${options.port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'app',
        client_secret: 'app-secret',
        redirect_uris: [...options.redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => false },
    interactions: { url: (_context: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    ...(options.likeKeycloak && { routes: keycloakRoutes }),
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        email: `${id}@oidc.example`,
        email_verified: !id.startsWith('unchecked'),
        name: `Name of ${id}`,
        preferred_username: id,
      }),
    }),
    // biome-ignore lint/suspicious/noExplicitAny: the library comes without types
    async loadExistingGrant(context: any) {
      const { client, session } = context.oidc;
      const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  const handle: Parameters<typeof createHttp>[1] = (request, response) => {
    if (!request?.url?.startsWith('/interaction/')) return answer(request, response);
    return provider
      .interactionDetails(request, response)
      .then(({ params }: { params: { login_hint?: string } }) =>
        provider.interactionFinished(request, response, { login: { accountId: params.login_hint ?? 'nobody' } }),
      )
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  };
  const server = options.tls ? createHttps(options.tls, handle as never) : createHttp(handle as never);
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve));
  return {
    issuer,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Goes where a browser would, with cookies, until it is sent to an address that begins with `end`.
 *
 * @returns that address
 */
export async function browse(start: string, end: string, fetcher: typeof fetch = fetch): Promise<URL> {
  const jars = new Map<string, Map<string, string>>();
  let url = new URL(start);
  for (let step = 0; step < 15; step++) {
    if (url.href.startsWith(end)) return url;
    const jar = jars.get(url.host) ?? new Map<string, string>();
    jars.set(url.host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetcher(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${url.href} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    await response.arrayBuffer();
    url = new URL(location, url);
  }
  throw new Error(`never came to ${end}`);
}
