import { defineErrors, type ServiceError } from '#kernel/errors';

/** Everything functions can answer with instead of the function; codes and texts are the original's where it has them. */
export const functionsErrors = {
  missing_name: { status: 400, message: 'missing function name in request' },
  not_found: { status: 404, message: 'Function not found' },
  UNAUTHORIZED_NO_AUTH_HEADER: { status: 401, message: 'Missing authorization header' },
  UNAUTHORIZED_INVALID_JWT_FORMAT: { status: 401, message: 'Invalid JWT' },
  UNAUTHORIZED_LEGACY_JWT: { status: 401, message: 'Invalid JWT' },
  UNAUTHORIZED_ASYMMETRIC_JWT: { status: 401, message: 'Invalid JWT' },
  UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM: { status: 401, message: 'Unsupported JWT algorithm' },
  BOOT_ERROR: { status: 503, message: 'Worker failed to boot (please check logs)' },
  WORKER_ERROR: { status: 500, message: 'Function exited due to an error (please check logs)' },
  WORKER_LIMIT: { status: 546, message: 'Worker failed to respond due to a resource limit (please check logs)' },
  REQUEST_IDLE_TIMEOUT: { status: 504, message: 'The upstream server is timing out' },
  OVERLOADED: { status: 503, message: 'No worker is free for this request' },
  not_running: { status: 503, message: 'Functions are starting' },
  body_too_large: { status: 413, message: 'The request body is too large' },
  management_unauthorized: { status: 401, message: 'Unauthorized' },
  management_not_found: { status: 404, message: 'Not Found' },
  method_not_allowed: { status: 405, message: 'Method Not Allowed' },
  invalid_request: { status: 400, message: 'The request is not understood' },
  invalid_slug: {
    status: 400,
    message: 'A function name begins with a letter or digit and has letters, digits, _ and -',
  },
  invalid_path: { status: 400, message: 'A file path stays below the function’s folder' },
  too_many_functions: { status: 402, message: 'There are as many functions as there may be' },
  secret_name: { status: 400, message: 'The name of a secret is not allowed' },
  secret_too_large: { status: 400, message: 'The value of a secret is too long' },
  too_many_secrets: { status: 400, message: 'There are as many secrets as there may be' },
  secrets_without_key: { status: 500, message: 'Secrets need VAULT_ENC_KEY, which is not set' },
  secrets_unreadable: { status: 500, message: 'The file of secrets cannot be read with VAULT_ENC_KEY' },
  internal: { status: 500, message: 'Internal server error' },
} as const;

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
