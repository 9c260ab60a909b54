import { catalogueOf, defineErrors } from '#kernel/errors';

/** What other rooms can get from the db room; what an operator has to change is a `StartupError` instead. */
export const dbErrors = catalogueOf({
  503: {
    not_started: 'The database has not started',
  },
});

/** Builds one of the room's errors. */
export const dbError = defineErrors(dbErrors);
