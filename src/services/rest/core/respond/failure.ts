import { ServiceError } from '#kernel/errors';
import { asDatabaseError, type DatabaseError, poolExhausted, poolTimeout } from '#kernel/sql';
import { renderError, restError } from '../../errors.ts';
import { type Answer, type Failure, jsonType } from './answer.ts';
import { escapedHeaderText } from './header-text.ts';
import { raisedByPgrst, reasonPhrase } from './raised.ts';
import { statusOfSqlState } from './sqlstate.ts';

/** What is known when something goes wrong. */
export interface FailureContext {
  /** Whether the request's role is the anonymous one. */
  readonly isAnonymous: boolean;
  /** Seconds until a lost connection is tried again. */
  readonly retryAfter: number;
}

/** The error a client may see for anything that was thrown. */
export function failureOf(thrown: unknown, context: FailureContext): Failure {
  const database = asDatabaseError(thrown);
  if (database !== undefined && !isConnectFailure(database)) return databaseFailure(database, context);
  return { error: withRetry(serviceErrorOf(thrown), context), statusText: undefined };
}

/** Why a connection could not be had at all: wrong password, no such database, not ready yet. */
function isConnectFailure({ code, severity }: DatabaseError): boolean {
  return severity === 'FATAL' && (code.startsWith('28') || code === '3D000' || code === '57P03' || code === '53300');
}

function databaseFailure(raised: DatabaseError, context: FailureContext): Failure {
  const { code, message, detail, hint } = raised;
  if (code === 'PGRST') return raisedByPgrst(raised);
  const custom = /^PT(...)$/.exec(code)?.[1];
  const status = custom === undefined ? statusOfSqlState(raised, context.isAnonymous) : customStatus(custom);
  const headers = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  const error = new ServiceError(code, status, message, { details: detail ?? null, hint: hint ?? null, headers });
  return { error: withRetry(error, context), statusText: custom === undefined ? undefined : reasonPhrase(message) };
}

function customStatus(text: string): number {
  const status = /^\d{3}$/.test(text) ? Number(text) : 500;
  return status >= 200 ? status : 500;
}

function serviceErrorOf(thrown: unknown): ServiceError {
  if (poolTimeout(thrown)) return restError('PGRST003', { cause: thrown });
  if (poolExhausted(thrown)) return restError('STACK503', { cause: thrown });
  const { code, name, reason } = thrown as { code?: unknown; name?: unknown; reason?: unknown };
  if (code === 'request_aborted') return restError('STACK499', { cause: thrown });
  if (code === 'pool_closed') return restError('PGRST001', { cause: thrown });
  if (thrown instanceof ServiceError) return thrown;
  if (name === 'BodyError') return restError(reason === 'too-large' ? 'STACK413' : 'STACK499', { cause: thrown });
  const database = asDatabaseError(thrown);
  if (database !== undefined) return restError('PGRST000', { details: database.message, cause: thrown });
  if (isSocketFailure(thrown)) return restError('PGRST000', { details: (thrown as Error).message, cause: thrown });
  if (isLostConnection(thrown)) return restError('PGRST001', { details: (thrown as Error).message, cause: thrown });
  return restError('PGRSTX00', { cause: thrown });
}

const isSocketFailure = (thrown: unknown): boolean =>
  typeof (thrown as { code?: unknown }).code === 'string' && /^E[A-Z_]+$/.test((thrown as { code: string }).code);

// pg tells of lost connections by text alone.
const isLostConnection = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  /^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded when)/.test(
    thrown.message,
  );

function withRetry(error: ServiceError, { retryAfter }: FailureContext): ServiceError {
  if (error.status !== 503 || error.headers['retry-after'] !== undefined) return error;
  const { code, status, message, details, hint, cause } = error;
  const headers = { ...error.headers, 'retry-after': String(retryAfter) };
  return new ServiceError(code, status, message, { details, hint, headers, cause });
}

/** The answer that tells of an error. */
export function failureAnswer({ error, statusText }: Failure): Answer {
  return {
    status: error.status,
    statusText,
    headers: {
      'Content-Type': jsonType,
      'Proxy-Status': `PostgREST; error=${escapedHeaderText(error.code)}`,
      ...error.headers,
    },
    body: renderError(error),
  };
}
