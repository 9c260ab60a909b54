import { asDatabaseError, type Session, type SessionNotice } from '#kernel/sql';
import { metaError } from '../errors.ts';
import { describeQueryError } from './query-error.ts';

/** Statements of one script at most. */
const statementsAtMost = 1_000;

/** Statements to be run one after the other. */
export interface Script {
  readonly statements: readonly string[];
  /** Run first, and not told of; empty: nothing. */
  readonly before: string;
  /** True: as one transaction, of which nothing stays when one of them fails. */
  readonly together: boolean;
}

/** What one statement gave. */
export interface StatementResult {
  /** First word of the server's tag; empty where a text held no statement. */
  readonly command: string;
  /** Rows it returned or changed; null where that says nothing. */
  readonly count: number | null;
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Milliseconds. */
  readonly took: number;
  readonly notices: readonly SessionNotice[];
}

/** What a script gave, as far as it came. */
export interface ScriptResult {
  readonly results: readonly StatementResult[];
  /** The error of the statement after these, as `/query` tells it. */
  readonly error?: Readonly<Record<string, unknown>>;
  /** Remarks of the statement that failed. */
  readonly notices?: readonly SessionNotice[];
}

/** Reads `{statements, before?, together?}`. @throws ServiceError invalid_request */
export function readScript(body: unknown): Script {
  const { statements, before = '', together = false } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const isText = (each: unknown): each is string => typeof each === 'string';
  if (!Array.isArray(statements) || statements.length === 0 || !statements.every(isText))
    throw metaError('invalid_request', { message: 'statements not found' });
  if (statements.length > statementsAtMost)
    throw metaError('invalid_request', { message: `more than ${statementsAtMost} statements` });
  return { statements, before: isText(before) ? before : '', together: together === true };
}

/**
 * Runs a script up to its first error.
 *
 * @param takeNotices the server's remarks since it was called last
 * @throws ServiceError what is not the database's own refusal: a time-out, an answer too large
 */
export async function runScript(
  session: Pick<Session, 'query'>,
  { statements, before, together }: Script,
  takeNotices: () => readonly SessionNotice[],
): Promise<ScriptResult> {
  const results: StatementResult[] = [];
  let current = before;
  try {
    if (together) await session.query('begin');
    if (before !== '') await session.query(before);
    takeNotices();
    for (const statement of statements) {
      current = statement;
      const began = performance.now();
      const answers = await session.query(statement);
      const answer = answers.findLast(({ columns }) => columns.length > 0) ?? answers.at(-1);
      results.push({
        command: answer?.command ?? '',
        count: answer?.count ?? null,
        columns: answer?.columns ?? [],
        rows: answer?.rows ?? [],
        took: performance.now() - began,
        notices: takeNotices(),
      });
    }
    // What is checked at the end is checked here.
    if (together) await session.query('commit');
    return { results };
  } catch (error) {
    const refused = asDatabaseError(error);
    if (!refused) throw error;
    // The connection ends with the request, and with it the transaction.
    return { results, error: describeQueryError(refused, current), notices: takeNotices() };
  }
}
