import { asDatabaseError, type ConnectionOptions, openSession, type SessionResult } from '#kernel/sql';
import type { CronJob } from '../../../sql/background/jobs.ts';

/** How a job ended. */
export interface JobOutcome {
  readonly succeeded: boolean;
  /** In the original's words: what `psql` would print. */
  readonly message: string;
}

/** What running a job needs. */
export interface JobRun {
  readonly job: CronJob;
  /** A session of the job's own role, in its own database. */
  readonly connection: ConnectionOptions;
  /** Bytes of its answer. */
  readonly resultLimit: number;
  readonly signal: AbortSignal;
  /** Called when the session is there, before the command. */
  readonly onSession: (pid: number) => Promise<void>;
}

// The longest time a timer can be set to; what a role or database says of time-outs is in force besides.
const noLimit = 2_147_483_647;
const connectTimeout = 10_000;

/** Runs a job's command once. Never rejects. */
export async function runJob({ job, connection, resultLimit, signal, onSession }: JobRun): Promise<JobOutcome> {
  let session: Awaited<ReturnType<typeof openSession>> | undefined;
  try {
    session = await openSession({ connection, connectTimeout, queryTimeout: noLimit, resultLimit, signal });
  } catch (error) {
    return { succeeded: false, message: `connection failed: ${(error as Error).message}` };
  }
  try {
    await onSession(session.processId);
    const results = await session.query(job.command);
    return { succeeded: true, message: describeResult(results.at(-1)) };
  } catch (error) {
    return { succeeded: false, message: describeError(error) };
  } finally {
    await session.close();
  }
}

/** What the last statement gave: its rows, or the server's tag for it. */
export function describeResult(result: SessionResult | undefined): string {
  if (!result) return '';
  const { command, columns, rows, count } = result;
  if (columns.length > 0) return rows.length === 1 ? '1 row' : `${rows.length} rows`;
  if (command === 'INSERT') return `INSERT 0 ${count ?? 0}`;
  return count === null ? (command ?? '') : `${command} ${count}`;
}

function describeError(error: unknown): string {
  const refused = asDatabaseError(error);
  if (!refused) return `ERROR:  ${(error as Error).message}`;
  const { message, detail, hint } = refused as typeof refused & { detail?: string; hint?: string };
  return [
    `ERROR:  ${message}`,
    ...(detail ? [`DETAIL:  ${detail}`] : []),
    ...(hint ? [`HINT:  ${hint}`] : []),
    '',
  ].join('\n');
}
