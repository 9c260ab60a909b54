import { defineErrors } from '#kernel/errors';

/** What other rooms can get from the db room; what an operator has to change is a `StartupError` instead. */
export const dbErrors = {
  not_started: { status: 503, message: 'The database has not started' },
} as const;

/** Builds one of the room's errors. */
export const dbError = defineErrors(dbErrors);
