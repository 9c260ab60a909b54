/** Something that was run. */
export interface Run {
  readonly sql: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds it took. */
  readonly took: number;
  readonly ok: boolean;
  readonly rows: number;
}

const most = 100;
/** Longer texts are no use in a list, and browsers keep little. */
const longest = 20_000;

/** The history with one more run, the latest first; a text that was just run again is there once. */
export const remembered = (history: readonly Run[], run: Run): readonly Run[] =>
  run.sql.length > longest ? history : [run, ...history.filter(({ sql }) => sql !== run.sql)].slice(0, most);

/** Reads a history that was stored. */
export function readHistory(text: string | null): readonly Run[] {
  try {
    const stored: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(stored)
      ? (stored as Run[]).filter(({ sql, at }) => typeof sql === 'string' && Number.isFinite(at)).slice(0, most)
      : [];
  } catch {
    return [];
  }
}
