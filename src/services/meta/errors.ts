import { catalogueOf, defineErrors } from '#kernel/errors';

/** What the meta room can answer with, as `{"error":…}`; what PostgreSQL says is passed on beside these. */
export const metaErrors = catalogueOf({
  400: {
    object_invalid: 'The object cannot be made so',
  },
  404: {
    not_found: 'Not found',
    object_not_found: 'Cannot find the object',
  },
  500: {
    invalid_request: 'The request is not valid',
    connection_undecipherable: 'failed to get upstream connection details',
    connection_malformed: 'failed to process upstream connection details',
    internal: 'Internal Server Error',
  },
  503: {
    too_many_requests: 'Too many requests are waiting for a database connection',
  },
});

/** Builds one of the room's errors. */
export const metaError = defineErrors(metaErrors);
