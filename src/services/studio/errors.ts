import { defineErrors } from '#kernel/errors';

/** What the studio room can answer with, as `{"message":…}`. */
export const studioErrors = {
  not_found: { status: 404, message: 'Not Found' },
  internal: { status: 500, message: 'Internal Server Error' },
} as const;

/** Builds one of the room's errors. */
export const studioError = defineErrors(studioErrors);
