import { catalogueOf, defineErrors, type ServiceError } from '#kernel/errors';

/**
 * What realtime answers over HTTP: refused handshakes and its own interface (spec §1.1, §3.2, §5.3). What is said inside a
 * socket has no status and is listed in the room's README.
 */
export const realtimeErrors = catalogueOf({
  400: {
    protocol_unknown: 'The requested protocol version is not supported',
    snapshot_refused: 'The snapshot cannot be read',
    bad_json: 'Bad Request',
  },
  401: {
    key_missing: 'API key is missing',
    token_refused: 'The token provided is not a valid JWT',
    unauthorized: 'Unauthorized',
    tenant_unknown: 'Tenant not found in database',
  },
  403: {
    suspended: 'Realtime was disabled for this tenant',
    tenant_suspended: 'Tenant is suspended',
    write_denied: 'Unauthorized',
    admin_refused: '',
  },
  404: {
    not_found: 'not found',
    tenant_not_found: 'Tenant not found',
  },
  413: {
    too_large: 'Request Entity Too Large',
  },
  415: {
    media_type: 'Unsupported Media Type. Use application/json or application/octet-stream',
  },
  422: {
    invalid: 'Unprocessable Entity',
  },
  429: {
    too_many_users: 'Too many connected users',
    too_many_joins: 'Too many joins per second',
    too_many_requests: 'Too many requests',
    too_many_messages: 'Too many messages to broadcast, please reduce the batch size',
    rate_exceeded: 'You have exceeded your rate limit',
  },
  500: {
    connect_failed: 'Error connecting to Realtime',
    internal: 'Internal Server Error',
  },
  503: {
    not_serving: 'Realtime is restarting, please standby',
    too_many_polls: 'Too many sessions of long polling',
    changes_unavailable: 'Database changes are not served at present',
    access_unavailable: 'Realtime was unable to connect to the project database',
  },
});

/** Builds an error of this catalogue. */
export const realtimeError = defineErrors(realtimeErrors);

// Errors the original words as `message`; all others stand under `error`, or (validation) `errors`.
const asMessage = new Set([
  'unauthorized',
  'tenant_unknown',
  'write_denied',
  'tenant_suspended',
  'too_many_requests',
  'too_many_messages',
  'rate_exceeded',
  'snapshot_refused',
  'changes_unavailable',
  'access_unavailable',
  'internal',
]);

/** The body of an error, in the shape the original has for it. Undefined: none. */
export function errorBody({ code, message, details }: ServiceError): object | undefined {
  if (code === 'admin_refused') return undefined;
  if (code === 'invalid') return { errors: details };
  return asMessage.has(code) ? { message } : { error: message };
}
