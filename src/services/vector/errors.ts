import { catalogueOf, defineErrors } from '#kernel/errors';

/** What the vector room can answer with, as `{"error":…}`. */
export const vectorErrors = catalogueOf({
  400: {
    bad_body: 'The body must be JSON: an object, an array of objects, or one object a line',
    refused: 'The sink refused the events',
  },
  401: {
    unauthorized: 'Unauthorized',
  },
  404: {
    not_found: 'Not Found',
  },
  405: {
    method_not_allowed: 'Method Not Allowed',
  },
  413: {
    too_large: 'The request body is too large',
  },
  415: {
    unsupported_encoding: 'The content encoding must be gzip, deflate or none',
  },
  500: {
    internal: 'Internal Server Error',
  },
  503: {
    not_ready: 'Not started',
    overloaded: 'The buffers are full; try again later',
  },
});

/** Builds one of the room's errors. */
export const vectorError = defineErrors(vectorErrors);
