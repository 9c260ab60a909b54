import { defineErrors } from '#kernel/errors';

/** What the pool itself can refuse with; rooms render these in their own wire shape. */
export const sqlErrors = {
  pool_exhausted: { status: 503, message: 'Too many requests are waiting for a database connection' },
  pool_timeout: { status: 504, message: 'Timed out acquiring connection from connection pool.' },
  pool_closed: { status: 503, message: 'The database connection is closing' },
  connection_failed: { status: 503, message: 'Database connection error.' },
  query_timeout: { status: 504, message: 'Query read timeout' },
  result_too_large: { status: 413, message: 'The result of the query is too large' },
  request_aborted: { status: 499, message: 'The client closed the request' },
} as const;

/** Builds one of them. */
export const sqlError = defineErrors(sqlErrors);

/** Whether an error says that the waiting queue was full. */
export const poolExhausted = (error: unknown): boolean => (error as { code?: unknown })?.code === 'pool_exhausted';

/** Whether an error says that waiting for a connection took too long. */
export const poolTimeout = (error: unknown): boolean => (error as { code?: unknown })?.code === 'pool_timeout';
