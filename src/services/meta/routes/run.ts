import { ServiceError } from '#kernel/errors';
import { abortSignalOf, type FastifyReply, type FastifyRequest } from '#kernel/http';
import type { Logger } from '#kernel/log';
import { asDatabaseError, type ConnectionOptions, openSession, type Session, type SessionOptions } from '#kernel/sql';
import { passphraseOf, readEncryptedConnection } from '../core/connection.ts';
import type { Seats } from '../core/seats.ts';
import type { MetaSettings } from '../settings.ts';

/** What requests run with. */
export interface RunContext {
  readonly settings: MetaSettings;
  readonly log: Logger;
  readonly database: () => ConnectionOptions;
  readonly seats: Seats;
  /** Version of the program this room stands for. */
  readonly version: string;
}

/**
 * Runs the work of one request on a connection of its own, which nobody gets afterwards.
 *
 * @param refused status of what the database refuses, where no other is meant
 */
export type Run = <T>(
  request: FastifyRequest,
  reply: FastifyReply,
  refused: 400 | 404 | 500,
  work: (session: Session) => Promise<T>,
  onNotice?: SessionOptions['onNotice'],
) => Promise<unknown>;

/** Binds `Run` to a room. */
export function createRun(context: RunContext): Run {
  return async (request, reply, refused, work, onNotice) => {
    const giveBack = await context.seats.take();
    let session: Session | undefined;
    try {
      session = await openSession({
        connection: connectionOf(request, context),
        connectTimeout: context.settings.connectTimeout,
        queryTimeout: context.settings.queryTimeout,
        resultLimit: context.settings.resultLimit * 1024 * 1024,
        signal: abortSignalOf(reply.raw),
        ...(onNotice && { onNotice }),
      });
      return await work(session);
    } catch (error) {
      if (!(error instanceof ServiceError) && !asDatabaseError(error))
        context.log.warn({ reqId: request.id, err: error }, 'meta could not ask the database');
      const { status, body } = refusal(error as Error, refused);
      return reply.code(status).send(body);
    } finally {
      await session?.close();
      giveBack();
    }
  };
}

function connectionOf(request: FastifyRequest, { settings, database, version }: RunContext): ConnectionOptions {
  const header = request.headers['x-connection-encrypted'];
  const fallback = database();
  const chosen =
    typeof header === 'string' ? readEncryptedConnection(header, passphraseOf(settings), fallback) : fallback;
  const name = request.headers['x-pg-application-name'];
  return { ...chosen, applicationName: typeof name === 'string' && name !== '' ? name : `postgres-meta ${version}` };
}

/** What a client is told of what went wrong. */
export function refusal(error: Error, refused: number): { readonly status: number; readonly body: object } {
  const body = { error: error.message };
  if (error instanceof ServiceError) {
    if (error.code === 'query_timeout') return { status: 408, body };
    if (error.code === 'result_too_large') return { status: 400, body: tooLarge(error) };
    return { status: error.status, body };
  }
  if (/^timeout expired$|connection timeout/.test(error.message))
    return { status: 504, body: { error: 'Connection terminated due to connection timeout' } };
  if (asDatabaseError(error)?.code === '53300') return { status: 503, body };
  return { status: refused, body };
}

function tooLarge(error: ServiceError): object {
  const { size, limit } = error.details as { readonly size: number; readonly limit: number };
  return {
    message: `Query result size (${size} bytes) exceeded the configured limit (${limit} bytes)`,
    code: 'RESULT_SIZE_EXCEEDED',
    resultSize: size,
    maxResultSize: limit,
  };
}
