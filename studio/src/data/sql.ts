import { type Ask, room } from './client.ts';

/** A row as meta gives it: values by column. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Runs SQL through meta, for read-only operators under a role that can only read. Rows of the last statement that gave any.
 *
 * @param signal aborting it cancels the statement in the database
 * @throws ApiError with the database's words and the place
 */
export const runSql = <R = Row>(query: string, signal?: AbortSignal, ask: Ask = {}): Promise<R[]> =>
  room<R[]>('meta', '/query', { method: 'POST', body: { query }, signal, ...ask });
