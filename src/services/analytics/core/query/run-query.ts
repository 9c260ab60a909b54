import { ServiceError } from '#kernel/errors';
import { asDatabaseError, type ConnectionOptions, openSession, type Session } from '#kernel/sql';
import { analyticsError } from '../../errors.ts';
import { applicationName } from '../../sql/schema.ts';
import { viewNames } from '../../sql/views.ts';
import { readRows } from './result.ts';
import { rewriteQuery } from './rewrite.ts';
import { badQuery, type Dialect, dialectOf, nameToken, stringToken } from './tokens.ts';

/** How queries are run. */
export interface QueryOptions {
  readonly schema: string;
  /** The role that may read the views and nothing else. */
  readonly connection: () => ConnectionOptions;
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes of the database's answer. */
  readonly resultSize: number;
  readonly maxRows: number;
}

/** What is asked. */
export interface LogQuery {
  readonly sql: string;
  /** Only events from then on, and up to then: ISO texts. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Default: told from the query. */
  readonly dialect?: Dialect | undefined;
  /** Aborting cancels it. */
  readonly signal?: Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>;
}

/** The statement that answers a query, with the values of its parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly string[];
}

/**
 * Writes the statement for a query: the views it names, within its span of time, then the query, then the bound on rows.
 *
 * @param safe see `PathWriter`
 * @throws ServiceError `bad_query`
 */
export function statementFor(
  query: LogQuery,
  { schema, maxRows }: Pick<QueryOptions, 'schema' | 'maxRows'>,
  safe: boolean,
): Statement {
  const dialect = query.dialect ?? dialectOf(query.sql);
  const { ctes, isRecursive, body, tables } = rewriteQuery(query.sql, dialect, { schema, safe });
  const values: string[] = [];
  const bounds: string[] = [];
  for (const [operator, moment] of [
    ['>=', query.from],
    ['<=', query.to],
  ] as const) {
    if (moment === undefined) continue;
    values.push(moment);
    bounds.push(`timestamp ${operator} $${values.length}::timestamptz`);
  }
  const where = bounds.length === 0 ? '' : ` where ${bounds.join(' and ')}`;
  // Not materialised: the query's own conditions reach the partitions and their indexes.
  const views = [...tables]
    .filter((name) => viewNames.has(name))
    .map((name) => `${name} as not materialized (select * from ${schema}.${name}${where})`);
  // Streams that have no view are asked for by their own names.
  const streams = [...tables]
    .filter((name) => name.includes('.'))
    .map(
      (name) =>
        `${nameToken(name).text} as not materialized (select * from ${schema}.all_logs where source = ${stringToken(name).text}${where.replace(' where', ' and')})`,
    );
  const items = [...views, ...streams, ...(ctes === undefined ? [] : [ctes])];
  const prelude = items.length === 0 ? '' : `with ${isRecursive ? 'recursive ' : ''}${items.join(', ')} `;
  return { text: `${prelude}select * from (${body}) as result limit ${maxRows}`, values };
}

/**
 * Runs a query of a stranger: in a role that may read the views and nothing else, in a transaction that writes nothing,
 * for a bounded time, on a connection that nobody gets afterwards.
 *
 * @returns rows as the front end expects them
 * @throws ServiceError `bad_query` with the database's words, `no_reader`
 */
export async function runQuery(query: LogQuery, options: QueryOptions): Promise<unknown[]> {
  const fast = statementFor(query, options, false);
  const session = await open(options, query);
  try {
    await session.query(`set search_path = ${options.schema}, pg_catalog; set statement_timeout = ${options.timeout}`);
    try {
      return await runStatement(session, fast);
    } catch (error) {
      // Some value is no number where one was meant; nulls then, as with BigQuery's SAFE_CAST.
      if (asDatabaseError(error)?.code !== '22P02') throw error;
      return await runStatement(session, statementFor(query, options, true));
    }
  } catch (error) {
    throw explained(error);
  } finally {
    await session.close();
  }
}

async function open({ connection, timeout, resultSize }: QueryOptions, { signal }: LogQuery): Promise<Session> {
  try {
    return await openSession({
      connection: { ...connection(), applicationName },
      connectTimeout: 10_000,
      // The server's own bound comes first; this one is for a server that does not answer.
      queryTimeout: timeout + 1_000,
      resultLimit: resultSize,
      ...(signal && { signal }),
    });
  } catch (error) {
    // Classes 28 and 42: who it is, or what it may.
    if (/^(28|42)/.test(asDatabaseError(error)?.code ?? '')) throw analyticsError('no_reader', { cause: error });
    throw error;
  }
}

async function runStatement(session: Session, { text, values }: Statement): Promise<unknown[]> {
  const [result] = await session.query(text, values);
  return result ? readRows(result) : [];
}

function explained(error: unknown): unknown {
  const refusal = asDatabaseError(error);
  if (refusal) {
    const place = refusal.hint ? ` (${refusal.hint})` : '';
    return /^(53|57P|08|XX)/.test(refusal.code) ? error : badQuery(`${refusal.message}${place}`);
  }
  if (error instanceof ServiceError && (error.code === 'query_timeout' || error.code === 'result_too_large'))
    return badQuery(error.message);
  return error;
}
