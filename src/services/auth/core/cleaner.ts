import { cleanupStatements, runCleanup } from '../sql/cleanup.ts';
import { type AuthContext, nowOf } from './context.ts';

/**
 * Makes the function to be called after each write: it runs one of the cleaning statements in turn, never two at a time.
 * A statement that fails is logged and its turn comes again.
 */
export function createCleaner(context: AuthContext): () => void {
  const { settings } = context;
  if (!settings.cleanup) return () => {};
  const statements = cleanupStatements({
    anonymousUsers: settings.anonymousEnabled,
    timebox: settings.sessionTimebox,
    inactivity: settings.sessionInactivity,
  });
  let turn = 0;
  let busy = false;
  return () => {
    if (busy) return;
    busy = true;
    runCleanup(context.db, statements[turn++ % statements.length] as string, nowOf(context))
      .catch((error: unknown) => context.log.warn({ err: error }, 'cleaning up failed'))
      .finally(() => {
        busy = false;
      });
  };
}
