import { activeSpan } from '#kernel/trace';

/**
 * Runs a statement, as a span where the request is traced. Its text is told only where its values are bound: otherwise it
 * may hold what nobody but the database should know.
 */
export function traced<T>(text: string, isBound: boolean, run: () => Promise<T>): Promise<T> {
  const parent = activeSpan();
  if (!parent) return run();
  const operation = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'SQL';
  const span = parent.child(operation, 'client', {
    'db.system.name': 'postgresql',
    'db.operation.name': operation,
    ...(isBound && { 'db.query.text': text.trim() }),
  });
  return run().then(
    (result) => {
      span.end();
      return result;
    },
    (error: unknown) => {
      // The code alone: a message may quote values.
      span.end(String((error as { code?: unknown } | undefined)?.code ?? 'error'));
      throw error;
    },
  );
}
