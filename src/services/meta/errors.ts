import { defineErrors } from '#kernel/errors';

/** What the meta room can answer with, as `{"error":…}`; what PostgreSQL says is passed on beside these. */
export const metaErrors = {
  not_found: { status: 404, message: 'Not found' },
  invalid_request: { status: 500, message: 'The request is not valid' },
  connection_undecipherable: { status: 500, message: 'failed to get upstream connection details' },
  connection_malformed: { status: 500, message: 'failed to process upstream connection details' },
  object_not_found: { status: 404, message: 'Cannot find the object' },
  object_invalid: { status: 400, message: 'The object cannot be made so' },
  too_many_requests: { status: 503, message: 'Too many requests are waiting for a database connection' },
  internal: { status: 500, message: 'Internal Server Error' },
} as const;

/** Builds one of the room's errors. */
export const metaError = defineErrors(metaErrors);
