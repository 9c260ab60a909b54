import { ApiError, type Ask, room } from './client.ts';

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

/** What one statement of a script gave. */
export interface StatementResult {
  /** First word of the server's tag, e.g. `INSERT`. */
  readonly command: string;
  /** Rows it returned or changed; null where that says nothing. */
  readonly count: number | null;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Milliseconds. */
  readonly took: number;
  readonly notices: readonly Notice[];
}

/** A remark of the server. */
export interface Notice {
  readonly severity: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** What a script gave, as far as it came, and the error it ended with. */
export interface ScriptOutcome {
  readonly results: readonly StatementResult[];
  readonly error?: ApiError;
  readonly notices?: readonly Notice[];
}

/** How statements are run: as one transaction or each for itself, and after what. */
export interface ScriptAsk {
  readonly statements: readonly string[];
  readonly before: string;
  readonly together: boolean;
}

/** Runs statements one after the other, up to the first error. @param signal aborting it cancels what runs @throws ApiError */
export async function runScript(script: ScriptAsk, signal: AbortSignal): Promise<ScriptOutcome> {
  type Told = Omit<ScriptOutcome, 'error'> & { readonly error?: Readonly<Record<string, unknown>> };
  const { error, ...told } = await room<Told>('meta', '/query/run', { method: 'POST', body: script, signal });
  return { ...told, ...(error && { error: new ApiError(400, String(error.message), error) }) };
}
