import { defineErrors } from '#kernel/errors';

/**
 * What imgproxy can answer with, as plain text. Statuses and texts are imgproxy's; the exact reason goes to the log, and
 * to the client with `IMGPROXY_DEVELOPMENT_ERRORS_MODE`.
 */
export const imgproxyErrors = {
  invalid_url: { status: 404, message: 'Invalid URL' },
  expired_url: { status: 404, message: 'Expired URL' },
  forbidden: { status: 403, message: 'Forbidden' },
  option_forbidden: { status: 403, message: 'Invalid URL' },
  source_not_allowed: { status: 404, message: 'Invalid source URL' },
  source_unreachable: { status: 404, message: 'Source image is unreachable' },
  source_timeout: { status: 504, message: 'Source image is unreachable' },
  source_invalid: { status: 422, message: 'Invalid source image' },
  source_unsupported: { status: 422, message: 'Invalid source image' },
  source_file_too_big: { status: 422, message: 'Invalid source image' },
  source_resolution_too_big: { status: 422, message: 'Invalid source image' },
  source_frame_resolution_too_big: { status: 422, message: 'Invalid source image' },
  result_unsupported: { status: 422, message: 'Resulting image format is not supported' },
  too_many_requests: { status: 429, message: 'Too many requests' },
  cancelled: { status: 499, message: 'Cancelled' },
  timeout: { status: 503, message: 'Gateway Timeout' },
  not_running: { status: 503, message: 'Service Unavailable' },
  internal: { status: 500, message: 'Internal error' },
} as const;

/** Builds one of the room's errors; `details` is the exact reason. */
export const imgproxyError = defineErrors(imgproxyErrors);
