import type { WorkConnection } from './work-connection.ts';

/** An active row of `cron.job`. */
export interface CronJob {
  readonly id: string;
  readonly schedule: string;
  readonly command: string;
  readonly database: string;
  readonly username: string;
}

/** What running jobs depends on, as it is now. */
export interface CronState {
  readonly jobs: readonly CronJob[];
  /** `cron.timezone`. */
  readonly timezone: string;
  /** Whether runs are written into `cron.job_run_details` (`cron.log_run`). */
  readonly logsRuns: boolean;
  /** The server's clock and its start, in milliseconds since the epoch. */
  readonly now: number;
  readonly serverStart: number;
}

/** Which sessions are jobs: those with this name, followed by the job's number. */
export const jobSession = 'pg_cron job ';

/** @throws DatabaseError 42P01 or 3F000 where pg_cron is not installed, or is not ours */
export async function readJobs(connection: WorkConnection): Promise<CronState> {
  const rows = await connection.query<Omit<CronState, 'jobs'> & { readonly jobs: readonly CronJob[] | null }>(
    `select
       (
         select json_agg(json_build_object(
           'id', jobid::text, 'schedule', schedule, 'command', command, 'database', database, 'username', username
         ))
         from cron.job where active
       ) as jobs,
       (select count(*) from cron._tick where false) as ours,
       coalesce(nullif(current_setting('cron.timezone', true), ''), 'GMT') as timezone,
       coalesce(nullif(current_setting('cron.log_run', true), ''), 'on')::boolean as "logsRuns",
       extract(epoch from clock_timestamp())::float8 * 1000 as now,
       extract(epoch from pg_postmaster_start_time())::float8 * 1000 as "serverStart"`,
  );
  const state = rows[0] as CronState;
  return { ...state, jobs: state.jobs ?? [] };
}

/** What came of asking for a moment. */
export type Claim =
  /** It is this node's. @property runId number of the record of it, where runs are recorded */
  | { readonly outcome: 'taken'; readonly runId: string | null }
  /** An earlier run is under way. */
  | { readonly outcome: 'busy' }
  /** Another node has it, or the job was changed. */
  | { readonly outcome: 'gone' };

/**
 * Takes one moment of a job for this node, and writes down that a run is about to begin. Moments before one that was
 * taken are gone, and a job does not overlap itself.
 *
 * @param moment milliseconds since the epoch
 * @param logsRun whether the run is written down
 */
export async function claimRun(
  connection: WorkConnection,
  job: CronJob,
  moment: number,
  logsRun: boolean,
): Promise<Claim> {
  const rows = await connection.query<{ due: boolean; busy: boolean; taken: boolean; runId: string | null }>(
    `with given as (select $1::bigint as jobid, to_timestamp($2::float8 / 1000) as moment),
     job as (
       select job.jobid, given.moment,
         not exists (select from cron._tick as tick where tick.jobid = job.jobid and tick.last >= given.moment) as due,
         exists (
           select from pg_stat_activity
           where application_name = $3 || job.jobid and usename = job.username and datname = job.database
         ) or exists (
           select from cron._tick as tick
           where tick.jobid = job.jobid and tick.starting_until > clock_timestamp()
         ) as busy
       from cron.job join given using (jobid)
       where job.active and job.schedule = $4 and job.command = $5
     ),
     taken as (
       insert into cron._tick as tick (jobid, last, starting_until)
       select jobid, moment, clock_timestamp() + interval '30 seconds' from job where due and not busy
       on conflict (jobid) do update set last = excluded.last, starting_until = excluded.starting_until
       where tick.last < excluded.last
         and (tick.starting_until is null or tick.starting_until <= clock_timestamp())
       returning jobid
     ),
     run as (
       insert into cron.job_run_details (jobid, database, username, command, status, start_time)
       select jobid, job.database, job.username, job.command, 'starting', clock_timestamp()
       from taken join cron.job using (jobid) where $6
       returning runid
     )
     select due, busy, exists (select from taken) as taken, (select runid::text from run) as "runId" from job`,
    [job.id, moment, jobSession, job.schedule, job.command, logsRun],
  );
  const [found] = rows;
  if (found?.taken) return { outcome: 'taken', runId: found.runId };
  return { outcome: found?.due && found.busy ? 'busy' : 'gone' };
}

/** Says that a taken run's session shows, or that there will be none. */
export async function endStarting(connection: WorkConnection, jobId: string): Promise<void> {
  await connection.query('update cron._tick set starting_until = null where jobid = $1', [jobId]);
}

/** Writes down that a run's session is there. */
export async function noteRunning(connection: WorkConnection, runId: string, pid: number): Promise<void> {
  await connection.query(
    `update cron.job_run_details set status = 'running', job_pid = $2, start_time = clock_timestamp() where runid = $1`,
    [runId, pid],
  );
}

/** Writes down how a run ended. */
export async function endRun(
  connection: WorkConnection,
  runId: string,
  succeeded: boolean,
  message: string,
): Promise<void> {
  await connection.query(
    `update cron.job_run_details set status = $2, return_message = $3, end_time = clock_timestamp() where runid = $1`,
    [runId, succeeded ? 'succeeded' : 'failed', message],
  );
}

/** Ends the records of runs whose node or server is gone. */
export async function endLostRuns(connection: WorkConnection): Promise<void> {
  await connection.query(
    `update cron.job_run_details as run
     set status = 'failed', return_message = 'server restarted', end_time = clock_timestamp()
     where status in ('starting', 'running') and start_time < clock_timestamp() - interval '1 minute'
       and not exists (
         select from pg_stat_activity where application_name = $1 || run.jobid and pid = run.job_pid
       )`,
    [jobSession],
  );
}
