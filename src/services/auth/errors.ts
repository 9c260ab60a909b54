import { defineErrors, ServiceError } from '#kernel/errors';
import { asDatabaseError } from '#kernel/sql';

/**
 * What auth answers, by the public `error_code` (GoTrue, "Error codes"). Statuses that differ from case to case are given
 * where the error is raised.
 */
export const authErrors = {
  unexpected_failure: { status: 500, message: 'Unexpected failure, please check server logs for more information' },
  validation_failed: { status: 400, message: 'The request is not valid' },
  bad_json: { status: 400, message: 'Could not parse request body as JSON' },
  unknown_route: { status: 404, message: 'Not found' },
  method_not_allowed: { status: 405, message: 'Method not allowed' },
  request_entity_too_large: { status: 413, message: 'Request body too large' },
  request_timeout: { status: 504, message: 'Processing this request timed out, please retry after a moment.' },
  conflict: {
    status: 409,
    message: 'Too many concurrent token refresh requests on the same session or refresh token',
  },

  no_authorization: { status: 401, message: 'This endpoint requires a valid Bearer token' },
  bad_jwt: { status: 403, message: 'invalid JWT: unable to parse or verify signature' },
  not_admin: { status: 403, message: 'User not allowed' },
  user_not_found: { status: 404, message: 'User not found' },
  user_banned: { status: 403, message: 'User is banned' },
  session_not_found: { status: 403, message: 'Session from session_id claim in JWT does not exist' },
  session_expired: { status: 400, message: 'Invalid Refresh Token: Session Expired' },
  refresh_token_not_found: { status: 400, message: 'Invalid Refresh Token: Refresh Token Not Found' },
  refresh_token_already_used: { status: 400, message: 'Invalid Refresh Token: Already Used' },
  insufficient_aal: { status: 401, message: 'AAL2 session is required' },

  signup_disabled: { status: 422, message: 'Signups not allowed for this instance' },
  user_already_exists: { status: 422, message: 'User already registered' },
  email_exists: { status: 422, message: 'A user with this email address has already been registered' },
  phone_exists: { status: 422, message: 'A user with this phone number has already been registered' },
  email_provider_disabled: { status: 422, message: 'Email logins are disabled' },
  phone_provider_disabled: { status: 422, message: 'Phone logins are disabled' },
  anonymous_provider_disabled: { status: 422, message: 'Anonymous sign-ins are disabled' },
  provider_disabled: { status: 400, message: 'Provider is not enabled' },
  email_address_not_provided: { status: 400, message: 'The provider told no email address' },
  email_address_invalid: { status: 400, message: 'Email address is invalid' },
  email_address_not_authorized: { status: 400, message: 'Email address cannot be used as it is not authorized' },
  email_not_confirmed: { status: 400, message: 'Email not confirmed' },
  phone_not_confirmed: { status: 400, message: 'Phone not confirmed' },
  invalid_credentials: { status: 400, message: 'Invalid login credentials' },
  weak_password: { status: 422, message: 'Password is too weak' },
  same_password: { status: 422, message: 'New password should be different from the old password.' },
  current_password_required: { status: 400, message: 'Current password required when setting new password.' },
  current_password_invalid: { status: 400, message: 'Current password required when setting new password.' },
  reauthentication_needed: { status: 400, message: 'Password update requires reauthentication' },
  reauthentication_not_valid: { status: 422, message: 'Nonce has expired or is invalid' },
  user_sso_managed: {
    status: 422,
    message: 'Updating email, phone, password of a SSO account only possible via SSO',
  },
  otp_expired: { status: 403, message: 'Token has expired or is invalid' },
  otp_disabled: { status: 422, message: 'Signups not allowed for otp' },
  sms_send_failed: { status: 422, message: 'Error sending sms OTP to provider' },

  flow_state_not_found: { status: 404, message: 'invalid flow state, no valid flow state found' },
  flow_state_expired: { status: 422, message: 'invalid flow state, flow state has expired' },
  bad_code_verifier: { status: 400, message: 'code challenge does not match previously saved code verifier' },
  flow_state_already_used: { status: 400, message: 'OAuth state has already been used' },
  bad_oauth_callback: { status: 400, message: 'OAuth state parameter missing' },
  bad_oauth_state: { status: 400, message: 'OAuth state not found or expired' },

  oauth_client_state_not_found: { status: 400, message: 'OAuth client state not found' },
  oauth_client_state_expired: { status: 400, message: 'OAuth client state has expired' },
  oauth_invalid_state: { status: 400, message: 'OAuth state belongs to another provider' },
  oauth_provider_not_supported: { status: 400, message: 'OAuth provider is not supported' },
  invite_not_found: { status: 404, message: 'Invite not found' },
  provider_email_needs_verification: { status: 422, message: 'Unverified email with provider' },
  identity_already_exists: { status: 422, message: 'Identity is already linked' },
  oauth_client_not_found: { status: 404, message: 'OAuth client not found' },
  oauth_authorization_not_found: { status: 404, message: 'OAuth authorization request not found' },
  oauth_consent_not_found: { status: 404, message: 'No active grant for this client' },
  oauth_dynamic_client_registration_disabled: { status: 403, message: 'Dynamic client registration is not enabled' },
  custom_provider_not_found: { status: 404, message: 'Custom OAuth/OIDC provider not found' },
  over_custom_provider_quota: { status: 400, message: 'Maximum number of custom providers reached' },

  identity_not_found: { status: 422, message: "Identity doesn't exist" },
  single_identity_not_deletable: { status: 422, message: 'User must have at least 1 identity after unlinking' },
  email_conflict_identity_not_deletable: {
    status: 422,
    message: 'Unable to unlink identity due to email conflict',
  },
  manual_linking_disabled: { status: 404, message: 'Manual linking is disabled' },
  mfa_factor_not_found: { status: 404, message: 'Factor not found' },
  mfa_factor_name_conflict: { status: 422, message: 'A factor with this friendly name already exists' },
  mfa_verified_factor_exists: {
    status: 422,
    message: 'A verified phone factor already exists, unenroll the existing factor to continue',
  },
  too_many_enrolled_mfa_factors: {
    status: 422,
    message: 'Maximum number of verified factors reached, unenroll to continue',
  },
  mfa_ip_address_mismatch: { status: 422, message: 'Challenge and verify IP addresses mismatch.' },
  mfa_challenge_expired: {
    status: 422,
    message: 'MFA challenge has expired, verify against another challenge or create a new challenge.',
  },
  mfa_verification_failed: { status: 422, message: 'Invalid MFA code entered' },
  mfa_verification_rejected: { status: 403, message: 'Further MFA verification attempts will be rejected.' },
  mfa_totp_enroll_not_enabled: { status: 422, message: 'MFA enroll is disabled for TOTP' },
  mfa_phone_enroll_not_enabled: { status: 422, message: 'MFA enroll is disabled for Phone' },
  mfa_webauthn_enroll_not_enabled: { status: 422, message: 'MFA enroll is disabled for WebAuthn' },
  mfa_totp_verify_not_enabled: { status: 422, message: 'MFA verification is disabled for TOTP' },
  mfa_phone_verify_not_enabled: { status: 422, message: 'MFA verification is disabled for Phone' },
  mfa_webauthn_verify_not_enabled: { status: 422, message: 'MFA verification is disabled for WebAuthn' },

  hook_timeout: { status: 422, message: 'Failed to reach hook within maximum time of 5.000000 seconds' },
  hook_timeout_after_retry: { status: 422, message: 'Failed to reach hook after maximum retries' },
  hook_payload_over_size_limit: { status: 422, message: 'Payload size exceeded size limit' },
  hook_payload_invalid_content_type: { status: 400, message: 'Invalid JSON response: application/json is expected' },
  hook_refused: { status: 500, message: 'The hook refused the request' },

  captcha_failed: { status: 400, message: 'captcha protection: request disallowed' },

  over_request_rate_limit: { status: 429, message: 'Request rate limit reached' },
  over_email_send_rate_limit: { status: 429, message: 'email rate limit exceeded' },
  over_sms_send_rate_limit: { status: 429, message: 'SMS rate limit exceeded' },

  saml_relay_state_not_found: { status: 404, message: 'SAML RelayState does not exist, try logging in again?' },
  saml_relay_state_expired: { status: 422, message: 'SAML RelayState has expired. Try logging in again?' },
  saml_idp_not_found: {
    status: 404,
    message: 'A SAML connection has not been established with this Identity Provider',
  },
  saml_idp_already_exists: { status: 422, message: 'SAML Identity Provider with this EntityID already exists' },
  saml_entity_id_mismatch: { status: 400, message: "Updated metadata's EntityID does not match the present one" },
  saml_metadata_fetch_failed: { status: 400, message: 'Unable to fetch metadata' },
  saml_assertion_no_user_id: {
    status: 422,
    message:
      'SAML Assertion did not contain a persistent Subject Identifier attribute or Subject NameID uniquely identifying this user',
  },
  saml_assertion_no_email: { status: 422, message: 'SAML Assertion does not contain an email address' },
  sso_provider_not_found: { status: 404, message: 'No SSO provider assigned for this domain' },
  sso_provider_disabled: { status: 404, message: 'SSO provider is disabled' },
  sso_domain_already_exists: { status: 400, message: 'SSO Domain is already assigned to an SSO provider' },
  saml_provider_disabled: { status: 404, message: 'SAML 2.0 is disabled' },
  too_many_passkeys: { status: 422, message: 'Maximum number of passkeys reached' },
  webauthn_credential_exists: { status: 422, message: 'This passkey has been registered already' },
  webauthn_challenge_not_found: { status: 400, message: 'Challenge not found' },
  webauthn_challenge_expired: { status: 400, message: 'Challenge has expired' },
  webauthn_verification_failed: { status: 400, message: 'Credential verification failed' },
  passkey_disabled: { status: 404, message: 'Passkeys are disabled' },
  feature_disabled: { status: 404, message: 'This feature is disabled' },
  web3_unsupported_chain: { status: 400, message: 'Unsupported chain' },
  web3_provider_disabled: { status: 422, message: 'Web3 provider is disabled' },
} as const;

/** A code of the catalogue. */
export type AuthErrorCode = keyof typeof authErrors;

/** Builds one of auth's errors. */
export const authError = defineErrors(authErrors);

/** Shorthand for the commonest error: a parameter that cannot be used. */
export const invalid = (message: string, status = 400): ServiceError =>
  authError('validation_failed', { message, status });

/** An error in the form of RFC 6749 §5.2; always status 400, whatever API version the client asks for. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly error: string;

  constructor(error: string, description: string) {
    super(description);
    this.error = error;
  }
}

/** Codes that exist inside only: clients see the plain status. */
const uncoded: ReadonlySet<string> = new Set(['unknown_route', 'method_not_allowed', 'hook_refused']);

/** An error as it goes over the wire. */
export interface WireError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Renders whatever was thrown. Only what the catalogue allows is shown; the rest belongs in the log.
 *
 * @param version value of `X-Supabase-Api-Version`; any date from 2024-01-01 on selects the newer shape
 * @param requestId shown with failures of ours, so that they can be found in the log
 */
export function renderError(thrown: unknown, version: string | undefined, requestId: string): WireError {
  if (thrown instanceof OAuthError)
    return { status: 400, headers: {}, body: { error: thrown.error, error_description: thrown.message } };
  const error = toServiceError(thrown);
  const { status, message } = error;
  const code = publicCode(error);
  const headers: Record<string, string> = { ...error.headers };
  const extra: Record<string, unknown> = code === 'weak_password' ? { weak_password: error.details } : {};
  if (isModern(version)) {
    headers['x-supabase-api-version'] = '2024-01-01';
    if (code !== 'weak_password') headers['x-sb-error-code'] = code;
    return { status, headers, body: { code, message, ...extra } };
  }
  headers['x-sb-error-code'] = code;
  const published = publishedDatabaseError(error.cause);
  if (published) return { ...published, headers };
  return {
    status,
    headers,
    body: { code: status, error_code: code, msg: message, ...extra, ...(status >= 500 && { error_id: requestId }) },
  };
}

/** The code of an error as clients see it; what exists inside only has the one of its status. */
export const publicCode = ({ code, status }: ServiceError): string =>
  uncoded.has(code) || !(code in authErrors) ? fallbackCode(status) : code;

/** The error a client may see for anything that was thrown. */
export function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const { statusCode, code } = thrown as { statusCode?: unknown; code?: unknown };
  if (statusCode === 413) return authError('request_entity_too_large');
  if (typeof statusCode === 'number' && statusCode < 500) return authError('bad_json', { status: statusCode });
  const database = asDatabaseError(thrown);
  // Connection exceptions, deadlocks, insufficient resources, operator intervention; and sockets that fail.
  const isOutage = database
    ? /^(08|40|53|57P)/.test(database.code)
    : typeof code === 'string' && /^E[A-Z]+$/.test(code);
  if (isOutage) return authError('unexpected_failure', { status: 503, headers: { 'retry-after': '1' }, cause: thrown });
  // Data exceptions: a value that no column of ours can hold.
  if (database?.code.startsWith('22')) return authError('validation_failed', { cause: thrown });
  const taken = database && takenBy[database.constraint ?? ''];
  if (taken) return authError(taken);
  return authError('unexpected_failure', { cause: thrown });
}

/** Unique indexes that two requests at once can both find free. */
const takenBy: Readonly<Record<string, AuthErrorCode | undefined>> = {
  users_email_partial_key: 'email_exists',
  users_phone_key: 'phone_exists',
};

const fallbackCode = (status: number): string => (status >= 500 ? 'unexpected_failure' : 'unknown');

const isModern = (version: string | undefined): boolean =>
  version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= '2024-01-01';

// Errors that people raise in triggers on purpose are shown to clients of the old shape (`PT418` means status 418).
function publishedDatabaseError(cause: unknown): Omit<WireError, 'headers'> | undefined {
  const database = asDatabaseError(cause);
  if (!database) return undefined;
  const { code, message, hint = '', detail = '' } = database;
  const custom = /^PT([1-5]\d\d)$/.exec(code);
  if (!custom && code !== 'P0001' && !code.startsWith('23')) return undefined;
  return { status: custom ? Number(custom[1]) : 500, body: { code, message, hint, detail } };
}
