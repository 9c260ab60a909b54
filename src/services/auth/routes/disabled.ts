import { type AuthErrorCode, authError } from '../errors.ts';
import type { LimitName } from './limits.ts';
import type { Route } from './route.ts';

/** An endpoint of a feature that is off, which upstream says before anything else. */
function off(method: Route['method'], path: string, code: AuthErrorCode, limit?: LimitName): Route {
  return {
    method,
    path,
    access: 'public',
    ...(limit && { limit }),
    handle: () => {
      throw authError(code);
    },
  };
}

/** The same for endpoints that ask first who is there. */
function offFor(access: 'permanent-user' | 'admin', method: Route['method'], path: string, code: AuthErrorCode): Route {
  return {
    method,
    path,
    access,
    handle: () => {
      throw authError(code);
    },
  };
}

const saml: Route[] = [
  off('POST', '/sso', 'saml_provider_disabled', 'sso'),
  off('GET', '/sso/saml/metadata', 'saml_provider_disabled'),
  off('POST', '/sso/saml/acs', 'saml_provider_disabled'),
  ...(['GET', 'POST'] as const).map((method) =>
    offFor('admin', method, '/admin/sso/providers', 'saml_provider_disabled'),
  ),
  ...(['GET', 'PUT', 'DELETE'] as const).map((method) =>
    offFor('admin', method, '/admin/sso/providers/:idp', 'saml_provider_disabled'),
  ),
];

/** Endpoints of features that this release does not serve; each answers as upstream does with the feature off. */
export const disabledRoutes: readonly Route[] = [...saml];
