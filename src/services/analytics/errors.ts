import { catalogueOf, defineErrors } from '#kernel/errors';

/** What the analytics room can answer with, as `{"error":…}`; `rejected` as `{"message":[…]}`, `invalid` as `{"errors":{…}}`. */
export const analyticsErrors = catalogueOf({
  400: {
    bad_body: 'The body must be JSON: an object, an array of objects, or one object a line',
    bad_query: 'The query cannot be run',
    bad_parameter: 'A parameter is missing or wrong',
    refused: 'The database refused the events',
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
  406: {
    rejected: 'Events were rejected',
  },
  413: {
    too_large: 'The request body is too large',
  },
  415: {
    unsupported_encoding: 'The content encoding must be gzip, deflate or none',
  },
  422: {
    invalid: 'What is to be made has fields that are missing or wrong',
  },
  429: {
    buffer_full: 'Buffer Full: Too Many Requests',
    too_many_requests: 'Too Many Requests',
  },
  500: {
    internal: 'Internal Server Error',
  },
  503: {
    not_ready: 'The log store is not ready',
    no_reader: 'The log store has no role to run queries in',
  },
});

/** Builds one of the room's errors. */
export const analyticsError = defineErrors(analyticsErrors);
