import { asDatabaseError } from '#kernel/sql';

/**
 * One line for people on why the database does not answer, in place of what the system calls it.
 *
 * @returns undefined where the error says something else
 */
export function describeOutage(error: unknown): string | undefined {
  const code = asDatabaseError(error)?.code;
  // PostgreSQL documentation, "Error Codes", class 57 and 08.
  if (code === '57P03') return 'the database is starting up or recovering';
  if (code === '57P01' || code === '57P02' || code?.startsWith('08')) return 'the database has closed its connections';
  if (code === '53300') return 'the database has no connection left';
  const { syscall, message = '' } = (error ?? {}) as { syscall?: string; message?: string };
  if (syscall !== undefined || /Connection terminated|timeout expired/.test(message))
    return 'the database cannot be reached; it may be starting up or recovering';
  return undefined;
}
