import { catalogueOf, defineErrors } from '#kernel/errors';

/**
 * What imgproxy can answer with, as plain text. Statuses and texts are imgproxy's; the exact reason goes to the log, and
 * to the client with `IMGPROXY_DEVELOPMENT_ERRORS_MODE`.
 */
export const imgproxyErrors = catalogueOf({
  403: {
    forbidden: 'Forbidden',
    option_forbidden: 'Invalid URL',
  },
  404: {
    invalid_url: 'Invalid URL',
    expired_url: 'Expired URL',
    source_not_allowed: 'Invalid source URL',
    source_unreachable: 'Source image is unreachable',
  },
  422: {
    source_invalid: 'Invalid source image',
    source_unsupported: 'Invalid source image',
    source_file_too_big: 'Invalid source image',
    source_resolution_too_big: 'Invalid source image',
    source_frame_resolution_too_big: 'Invalid source image',
    result_unsupported: 'Resulting image format is not supported',
  },
  429: {
    too_many_requests: 'Too many requests',
  },
  499: {
    cancelled: 'Cancelled',
  },
  500: {
    internal: 'Internal error',
  },
  503: {
    timeout: 'Gateway Timeout',
    not_running: 'Service Unavailable',
  },
  504: {
    source_timeout: 'Source image is unreachable',
  },
});

/** Builds one of the room's errors; `details` is the exact reason. */
export const imgproxyError = defineErrors(imgproxyErrors);
