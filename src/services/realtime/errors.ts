import { defineErrors, type ServiceError } from '#kernel/errors';

/**
 * What realtime answers over HTTP: refused handshakes and its own interface (spec §1.1, §3.2, §5.3). What is said inside a
 * socket has no status and is listed in the room's README.
 */
export const realtimeErrors = {
  key_missing: { status: 401, message: 'API key is missing' },
  token_refused: { status: 401, message: 'The token provided is not a valid JWT' },
  protocol_unknown: { status: 400, message: 'The requested protocol version is not supported' },
  suspended: { status: 403, message: 'Realtime was disabled for this tenant' },
  tenant_suspended: { status: 403, message: 'Tenant is suspended' },
  too_many_users: { status: 429, message: 'Too many connected users' },
  too_many_joins: { status: 429, message: 'Too many joins per second' },
  not_serving: { status: 503, message: 'Realtime is restarting, please standby' },
  connect_failed: { status: 500, message: 'Error connecting to Realtime' },
  unauthorized: { status: 401, message: 'Unauthorized' },
  write_denied: { status: 403, message: 'Unauthorized' },
  admin_refused: { status: 403, message: '' },
  not_found: { status: 404, message: 'not found' },
  invalid: { status: 422, message: 'Unprocessable Entity' },
  media_type: {
    status: 415,
    message: 'Unsupported Media Type. Use application/json or application/octet-stream',
  },
  too_large: { status: 413, message: 'Request Entity Too Large' },
  snapshot_refused: { status: 400, message: 'The snapshot cannot be read' },
  changes_unavailable: { status: 503, message: 'Database changes are not served at present' },
  bad_json: { status: 400, message: 'Bad Request' },
  too_many_requests: { status: 429, message: 'Too many requests' },
  too_many_messages: {
    status: 429,
    message: 'Too many messages to broadcast, please reduce the batch size',
  },
  rate_exceeded: { status: 429, message: 'You have exceeded your rate limit' },
  internal: { status: 500, message: 'Internal Server Error' },
} as const;

/** Builds an error of this catalogue. */
export const realtimeError = defineErrors(realtimeErrors);

// Errors the original words as `message`; all others stand under `error`, or (validation) `errors`.
const asMessage = new Set([
  'unauthorized',
  'write_denied',
  'tenant_suspended',
  'too_many_requests',
  'too_many_messages',
  'rate_exceeded',
  'snapshot_refused',
  'changes_unavailable',
  'internal',
]);

/** The body of an error, in the shape the original has for it. Undefined: none. */
export function errorBody({ code, message, details }: ServiceError): object | undefined {
  if (code === 'admin_refused') return undefined;
  if (code === 'invalid') return { errors: details };
  return asMessage.has(code) ? { message } : { error: message };
}
