import type { FastifyInstance, FastifyRequest } from '#kernel/http';
import { asDatabaseError, quoteLiteral, type Session, type SessionNotice } from '#kernel/sql';
import type { Query } from '../core/filters.ts';
import { describeQueryError } from '../core/query-error.ts';
import { readScript, runScript } from '../core/script-run.ts';
import { deparseSql, formatSql, parseSql } from '../core/sql-text.ts';
import { metaError } from '../errors.ts';
import type { Run } from './run.ts';

/** Remarks of one statement that are told; the rest is left out. */
const noticesAtMost = 100;

interface QueryBody {
  readonly query?: unknown;
  readonly parameters?: readonly unknown[];
}

/** `/query` and what concerns the text of queries. */
export function bindQuery(app: FastifyInstance, run: Run): void {
  app.post('/query', (request, reply) => {
    const { query, parameters } = readBody(request);
    const { statementTimeoutSecs: seconds } = request.query as Query;
    return run(request, reply, 400, async (session) => {
      try {
        if (seconds !== undefined) await session.query(`set statement_timeout to ${quoteLiteral(`${seconds}s`)}`);
        return await rowsOf(session, query, parameters);
      } catch (error) {
        const refused = asDatabaseError(error);
        if (!refused) throw error;
        return reply.code(400).send(describeQueryError(refused, query));
      }
    });
  });

  // Not the original's: each statement with what it gave, for an editor that shows them all.
  app.post('/query/run', (request, reply) => {
    const script = readScript(request.body);
    const notices: SessionNotice[] = [];
    const keep = (notice: SessionNotice) => {
      if (notices.length < noticesAtMost) notices.push(notice);
    };
    return run(request, reply, 400, (session) => runScript(session, script, () => notices.splice(0)), keep);
  });

  app.post('/query/format', async (request, reply) =>
    reply.type('text/plain; charset=utf-8').send(await formatSql(readBody(request).query)),
  );
  app.post('/query/parse', async (request) => parseSql(readBody(request).query));
  app.post('/query/deparse', async (request, reply) => {
    const { ast } = (request.body ?? {}) as { readonly ast?: unknown };
    return reply.type('text/plain; charset=utf-8').send(await deparseSql(ast));
  });
}

// The rows of the last statement that gave any.
async function rowsOf(session: Session, query: string, parameters: readonly unknown[] | undefined): Promise<unknown> {
  const results = await session.query(query, parameters);
  return results.findLast(({ rows }) => rows.length > 0)?.rows ?? [];
}

function readBody(request: FastifyRequest): { readonly query: string; readonly parameters?: readonly unknown[] } {
  const { query, parameters } = (request.body ?? {}) as QueryBody;
  if (typeof query !== 'string' || query === '') throw metaError('invalid_request', { message: 'query not found' });
  return { query, ...(Array.isArray(parameters) && { parameters }) };
}
