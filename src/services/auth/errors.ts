import { catalogueOf, defineErrors, ServiceError } from '#kernel/errors';
import { asDatabaseError } from '#kernel/sql';

/**
 * What auth answers, by the public `error_code` (GoTrue, "Error codes"). Statuses that differ from case to case are given
 * where the error is raised.
 */
export const authErrors = catalogueOf({
  400: {
    validation_failed: 'The request is not valid',
    bad_json: 'Could not parse request body as JSON',
    session_expired: 'Invalid Refresh Token: Session Expired',
    refresh_token_not_found: 'Invalid Refresh Token: Refresh Token Not Found',
    refresh_token_already_used: 'Invalid Refresh Token: Already Used',
    provider_disabled: 'Provider is not enabled',
    email_address_not_provided: 'The provider told no email address',
    email_address_invalid: 'Email address is invalid',
    email_address_not_authorized: 'Email address cannot be used as it is not authorized',
    email_not_confirmed: 'Email not confirmed',
    phone_not_confirmed: 'Phone not confirmed',
    invalid_credentials: 'Invalid login credentials',
    current_password_required: 'Current password required when setting new password.',
    current_password_invalid: 'Current password required when setting new password.',
    reauthentication_needed: 'Password update requires reauthentication',
    bad_code_verifier: 'code challenge does not match previously saved code verifier',
    flow_state_already_used: 'OAuth state has already been used',
    bad_oauth_callback: 'OAuth state parameter missing',
    bad_oauth_state: 'OAuth state not found or expired',
    oauth_client_state_not_found: 'OAuth client state not found',
    oauth_client_state_expired: 'OAuth client state has expired',
    oauth_invalid_state: 'OAuth state belongs to another provider',
    oauth_provider_not_supported: 'OAuth provider is not supported',
    over_custom_provider_quota: 'Maximum number of custom providers reached',
    hook_payload_invalid_content_type: 'Invalid JSON response: application/json is expected',
    captcha_failed: 'captcha protection: request disallowed',
    saml_entity_id_mismatch: "Updated metadata's EntityID does not match the present one",
    saml_metadata_fetch_failed: 'Unable to fetch metadata',
    sso_domain_already_exists: 'SSO Domain is already assigned to an SSO provider',
    webauthn_challenge_not_found: 'Challenge not found',
    webauthn_challenge_expired: 'Challenge has expired',
    webauthn_verification_failed: 'Credential verification failed',
    web3_unsupported_chain: 'Unsupported chain',
  },
  401: {
    no_authorization: 'This endpoint requires a valid Bearer token',
    insufficient_aal: 'AAL2 session is required',
  },
  403: {
    bad_jwt: 'invalid JWT: unable to parse or verify signature',
    not_admin: 'User not allowed',
    user_banned: 'User is banned',
    session_not_found: 'Session from session_id claim in JWT does not exist',
    otp_expired: 'Token has expired or is invalid',
    oauth_dynamic_client_registration_disabled: 'Dynamic client registration is not enabled',
    mfa_verification_rejected: 'Further MFA verification attempts will be rejected.',
  },
  404: {
    unknown_route: 'Not found',
    user_not_found: 'User not found',
    flow_state_not_found: 'invalid flow state, no valid flow state found',
    invite_not_found: 'Invite not found',
    oauth_client_not_found: 'OAuth client not found',
    oauth_authorization_not_found: 'OAuth authorization request not found',
    oauth_consent_not_found: 'No active grant for this client',
    custom_provider_not_found: 'Custom OAuth/OIDC provider not found',
    manual_linking_disabled: 'Manual linking is disabled',
    mfa_factor_not_found: 'Factor not found',
    saml_relay_state_not_found: 'SAML RelayState does not exist, try logging in again?',
    saml_idp_not_found: 'A SAML connection has not been established with this Identity Provider',
    sso_provider_not_found: 'No SSO provider assigned for this domain',
    sso_provider_disabled: 'SSO provider is disabled',
    saml_provider_disabled: 'SAML 2.0 is disabled',
    passkey_disabled: 'Passkeys are disabled',
    feature_disabled: 'This feature is disabled',
  },
  405: {
    method_not_allowed: 'Method not allowed',
  },
  409: {
    conflict: 'Too many concurrent token refresh requests on the same session or refresh token',
  },
  413: {
    request_entity_too_large: 'Request body too large',
  },
  422: {
    signup_disabled: 'Signups not allowed for this instance',
    user_already_exists: 'User already registered',
    email_exists: 'A user with this email address has already been registered',
    phone_exists: 'A user with this phone number has already been registered',
    email_provider_disabled: 'Email logins are disabled',
    phone_provider_disabled: 'Phone logins are disabled',
    anonymous_provider_disabled: 'Anonymous sign-ins are disabled',
    weak_password: 'Password is too weak',
    same_password: 'New password should be different from the old password.',
    reauthentication_not_valid: 'Nonce has expired or is invalid',
    user_sso_managed: 'Updating email, phone, password of a SSO account only possible via SSO',
    otp_disabled: 'Signups not allowed for otp',
    sms_send_failed: 'Error sending sms OTP to provider',
    flow_state_expired: 'invalid flow state, flow state has expired',
    provider_email_needs_verification: 'Unverified email with provider',
    identity_already_exists: 'Identity is already linked',
    identity_not_found: "Identity doesn't exist",
    single_identity_not_deletable: 'User must have at least 1 identity after unlinking',
    email_conflict_identity_not_deletable: 'Unable to unlink identity due to email conflict',
    mfa_factor_name_conflict: 'A factor with this friendly name already exists',
    mfa_verified_factor_exists: 'A verified phone factor already exists, unenroll the existing factor to continue',
    too_many_enrolled_mfa_factors: 'Maximum number of verified factors reached, unenroll to continue',
    mfa_ip_address_mismatch: 'Challenge and verify IP addresses mismatch.',
    mfa_challenge_expired: 'MFA challenge has expired, verify against another challenge or create a new challenge.',
    mfa_verification_failed: 'Invalid MFA code entered',
    mfa_totp_enroll_not_enabled: 'MFA enroll is disabled for TOTP',
    mfa_phone_enroll_not_enabled: 'MFA enroll is disabled for Phone',
    mfa_webauthn_enroll_not_enabled: 'MFA enroll is disabled for WebAuthn',
    mfa_totp_verify_not_enabled: 'MFA verification is disabled for TOTP',
    mfa_phone_verify_not_enabled: 'MFA verification is disabled for Phone',
    mfa_webauthn_verify_not_enabled: 'MFA verification is disabled for WebAuthn',
    mfa_recovery_codes_enroll_not_enabled: 'MFA enroll is disabled for recovery codes',
    mfa_recovery_codes_verify_not_enabled: 'MFA verification is disabled for recovery codes',
    mfa_recovery_codes_sole_factor: 'Recovery codes cannot be the only factor that can be used',
    hook_timeout: 'Failed to reach hook within maximum time of 5.000000 seconds',
    hook_timeout_after_retry: 'Failed to reach hook after maximum retries',
    hook_payload_over_size_limit: 'Payload size exceeded size limit',
    saml_relay_state_expired: 'SAML RelayState has expired. Try logging in again?',
    saml_idp_already_exists: 'SAML Identity Provider with this EntityID already exists',
    saml_assertion_no_user_id:
      'SAML Assertion did not contain a persistent Subject Identifier attribute or Subject NameID uniquely identifying this user',
    saml_assertion_no_email: 'SAML Assertion does not contain an email address',
    too_many_passkeys: 'Maximum number of passkeys reached',
    webauthn_credential_exists: 'This passkey has been registered already',
    web3_provider_disabled: 'Web3 provider is disabled',
  },
  429: {
    mfa_recovery_codes_locked: 'Too many wrong recovery codes, try again later',
    over_request_rate_limit: 'Request rate limit reached',
    over_email_send_rate_limit: 'email rate limit exceeded',
    over_sms_send_rate_limit: 'SMS rate limit exceeded',
  },
  500: {
    unexpected_failure: 'Unexpected failure, please check server logs for more information',
    hook_refused: 'The hook refused the request',
  },
  504: {
    request_timeout: 'Processing this request timed out, please retry after a moment.',
  },
});

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
