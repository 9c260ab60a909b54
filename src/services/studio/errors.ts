import { catalogueOf, defineErrors } from '#kernel/errors';

/** What the studio room can answer with, as `{"message":…}`. */
export const studioErrors = catalogueOf({
  404: {
    not_found: 'Not Found',
  },
  500: {
    internal: 'Internal Server Error',
  },
});

/** Builds one of the room's errors. */
export const studioError = defineErrors(studioErrors);
