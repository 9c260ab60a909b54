import { catalogueOf, defineErrors } from '#kernel/errors';

/** What the pool itself can refuse with; rooms render these in their own wire shape. */
export const sqlErrors = catalogueOf({
  413: {
    result_too_large: 'The result of the query is too large',
  },
  499: {
    request_aborted: 'The client closed the request',
  },
  503: {
    pool_exhausted: 'Too many requests are waiting for a database connection',
    pool_closed: 'The database connection is closing',
    connection_failed: 'Database connection error.',
  },
  504: {
    pool_timeout: 'Timed out acquiring connection from connection pool.',
    query_timeout: 'Query read timeout',
  },
});

/** Builds one of them. */
export const sqlError = defineErrors(sqlErrors);

/** Whether an error says that the waiting queue was full. */
export const poolExhausted = (error: unknown): boolean => (error as { code?: unknown })?.code === 'pool_exhausted';

/** Whether an error says that waiting for a connection took too long. */
export const poolTimeout = (error: unknown): boolean => (error as { code?: unknown })?.code === 'pool_timeout';
