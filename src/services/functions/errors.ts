import { catalogueOf, defineErrors, type ServiceError } from '#kernel/errors';

/** Everything functions can answer with instead of the function; codes and texts are the original's where it has them. */
export const functionsErrors = catalogueOf({
  400: {
    missing_name: 'missing function name in request',
    invalid_request: 'The request is not understood',
    invalid_slug: 'A function name begins with a letter or digit and has letters, digits, _ and -',
    invalid_path: 'A file path stays below the function’s folder',
    secret_name: 'The name of a secret is not allowed',
    secret_too_large: 'The value of a secret is too long',
    invalid_trigger: 'The trigger is not understood',
    too_many_secrets: 'There are as many secrets as there may be',
  },
  401: {
    UNAUTHORIZED_NO_AUTH_HEADER: 'Missing authorization header',
    UNAUTHORIZED_INVALID_JWT_FORMAT: 'Invalid JWT',
    UNAUTHORIZED_LEGACY_JWT: 'Invalid JWT',
    UNAUTHORIZED_ASYMMETRIC_JWT: 'Invalid JWT',
    UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM: 'Unsupported JWT algorithm',
    management_unauthorized: 'Unauthorized',
  },
  402: {
    too_many_functions: 'There are as many functions as there may be',
  },
  404: {
    not_found: 'Function not found',
    management_not_found: 'Not Found',
  },
  405: {
    method_not_allowed: 'Method Not Allowed',
  },
  413: {
    body_too_large: 'The request body is too large',
  },
  500: {
    WORKER_ERROR: 'Function exited due to an error (please check logs)',
    secrets_without_key: 'Secrets need VAULT_ENC_KEY, which is not set',
    secrets_unreadable: 'The file of secrets cannot be read with VAULT_ENC_KEY',
    internal: 'Internal server error',
  },
  503: {
    BOOT_ERROR: 'Worker failed to boot (please check logs)',
    OVERLOADED: 'No worker is free for this request',
    not_running: 'Functions are starting',
    triggers_unavailable: 'Triggers need a database in which tables can be made',
  },
  504: {
    REQUEST_IDLE_TIMEOUT: 'The upstream server is timing out',
  },
  546: {
    WORKER_LIMIT: 'Worker failed to respond due to a resource limit (please check logs)',
  },
});

/** Builds an error of the catalogue. */
export const functionsError = defineErrors(functionsErrors);

/** An answer's body and headers. */
export interface RenderedError {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * An error in the original's wire shapes: `msg` alone where its main service answers, plain text for a function that is
 * not there, `code`, `message` and `msg` for tokens, `code` and `message` for workers.
 */
export function renderFunctionsError(error: ServiceError): RenderedError {
  const { code, message, headers } = error;
  if (code === 'not_found')
    return { headers: { ...headers, 'content-type': 'text/plain;charset=UTF-8' }, body: message };
  const json = { ...headers, 'content-type': 'application/json' };
  if (code === 'missing_name') return { headers: json, body: JSON.stringify({ msg: message }) };
  if (code.startsWith('UNAUTHORIZED_'))
    return { headers: { ...json, 'sb-error-code': code }, body: JSON.stringify({ code, message, msg: message }) };
  return { headers: json, body: JSON.stringify({ code, message }) };
}

/** An error of the management interface: `message` alone. */
export function renderManagementError({ message, headers }: ServiceError): RenderedError {
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}
