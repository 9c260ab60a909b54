import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { runSql } from './sql.ts';

// What is known of the database's structure; statements that change it make all of it old.
const structure = [
  'catalogue',
  'relations',
  'columns',
  'sql-names',
  'policies',
  'definition',
  'own-types',
  'fk-targets',
];

/** Runs statements that change what the database is made of, after which that is asked for again. */
export function useStatements(done: () => void) {
  const client = useQueryClient();
  const running = useRef<AbortController>(undefined);
  const mutation = useMutation({
    mutationFn: async (sql: string | (() => Promise<string>)) => {
      running.current = new AbortController();
      const text = typeof sql === 'string' ? sql : await sql();
      return runSql(text, running.current.signal);
    },
    onSuccess: done,
    // Also what failed may have left something, as a broken index.
    onSettled: () =>
      Promise.all(structure.map((key) => client.invalidateQueries({ queryKey: [key] }))).then(() => undefined),
  });
  return {
    run: mutation.mutate,
    busy: mutation.isPending,
    error: mutation.error,
    /** Cancels what runs, in the database as well. */
    cancel: () => running.current?.abort(),
  };
}
