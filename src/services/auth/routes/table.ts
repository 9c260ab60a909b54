import { type FastifyInstance, requestContext } from '#kernel/http';
import type { KeySet } from '#kernel/jwt';
import { authError } from '../errors.ts';
import { adminAuditGet } from './admin-audit-get.ts';
import { customProviderRoutes } from './admin-custom-providers.ts';
import { adminFactorDelete, adminFactorPut, adminFactorsGet } from './admin-factors.ts';
import { adminLinkPost } from './admin-link-post.ts';
import { adminPasskeyRoutes } from './admin-passkeys.ts';
import { adminUserDelete, adminUserGet, adminUserPut, adminUsersGet, adminUsersPost } from './admin-users.ts';
import { authorizeGet, identityAuthorizeGet } from './authorize-get.ts';
import { callbackGet, callbackPost } from './callback.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import { factorChallengePost, factorDelete, factorPost, factorVerifyPost } from './factor.ts';
import { healthGet } from './health-get.ts';
import { identityDelete } from './identity-delete.ts';
import { invitePost } from './invite-post.ts';
import { logoutPost } from './logout-post.ts';
import { magiclinkPost } from './magiclink-post.ts';
import { oauthServerRoutes } from './oauth-server.ts';
import { otpPost } from './otp-post.ts';
import { passkeyRoutes } from './passkeys.ts';
import { reauthenticateGet } from './reauthenticate-get.ts';
import { recoverPost } from './recover-post.ts';
import { recoveryCodeRoutes } from './recovery-codes.ts';
import { resendPost } from './resend-post.ts';
import type { Route } from './route.ts';
import { type RunOptions, runRoute } from './run.ts';
import { settingsGet } from './settings-get.ts';
import { signupPost } from './signup-post.ts';
import { ssoRoutes } from './sso.ts';
import { tokenPost } from './token-post.ts';
import { userGet } from './user-get.ts';
import { userPut } from './user-put.ts';
import { verifyGet } from './verify-get.ts';
import { verifyPost } from './verify-post.ts';
import { jwksGet, openidConfigurationGet } from './well-known.ts';

const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** All endpoints of the room. */
export const routes = ({ limits }: RunOptions, keys: KeySet): readonly Route[] => [
  healthGet,
  settingsGet,
  jwksGet(keys),
  openidConfigurationGet,
  signupPost(limits),
  tokenPost(limits),
  otpPost,
  magiclinkPost,
  recoverPost,
  resendPost,
  verifyGet,
  verifyPost,
  userGet,
  userPut,
  reauthenticateGet,
  logoutPost,
  identityDelete,
  factorPost,
  factorChallengePost,
  factorVerifyPost,
  factorDelete,
  ...recoveryCodeRoutes,
  ...passkeyRoutes,
  invitePost,
  adminLinkPost,
  adminUsersGet,
  adminUsersPost,
  adminUserGet,
  adminUserPut,
  adminUserDelete,
  adminFactorsGet,
  adminFactorDelete,
  adminFactorPut,
  ...adminPasskeyRoutes,
  adminAuditGet,
  authorizeGet,
  identityAuthorizeGet,
  callbackGet,
  callbackPost,
  ...customProviderRoutes,
  ...oauthServerRoutes,
  ...ssoRoutes,
];

/** Binds the endpoints. Bodies are JSON whatever their type says; a method a path does not have is 405. */
export function bindRoutes(app: FastifyInstance, options: RunOptions, keys: KeySet): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    // A type that is no type at all would be refused before any parser is asked.
    if (request.raw.headers['content-type'] !== undefined) request.raw.headers['content-type'] = 'application/json';
    const { viaGateway } = requestContext(request.raw);
    reply.headers(corsHeaders(request.headers, viaGateway));
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (isPreflight && !viaGateway)
      return reply.code(204).headers(preflightHeaders(options.context.settings.corsAllowedHeaders)).send();
  });
  app.addHook('onResponse', (request, reply, done) => {
    options.metrics.note(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime);
    done();
  });
  const byPath = new Map<string, Route[]>();
  for (const route of routes(options, keys)) {
    byPath.set(route.path, [...(byPath.get(route.path) ?? []), route]);
    app.route({
      method: route.method,
      url: route.path,
      exposeHeadRoute: route.head ?? false,
      handler: (request, reply) => runRoute(options, route, request, reply),
    });
  }
  for (const [url, present] of byPath) {
    const allowed = present.flatMap(({ method, head }) => (head ? [method, 'HEAD'] : [method])) as string[];
    app.route({
      method: allMethods.filter((method) => !allowed.includes(method)),
      url,
      handler: async () => {
        throw authError('method_not_allowed', { headers: { allow: allowed.join(', ') } });
      },
    });
  }
}
