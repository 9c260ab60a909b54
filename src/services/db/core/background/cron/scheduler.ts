import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import type { DbSettings } from '../../../settings.ts';
import {
  type Claim,
  type CronJob,
  type CronState,
  claimRun,
  endLostRuns,
  endRun,
  endStarting,
  jobSession,
  noteRunning,
  readJobs,
} from '../../../sql/background/jobs.ts';
import type { WorkConnection } from '../../../sql/background/work-connection.ts';
import { type BackgroundPart, isAbsent } from '../part.ts';
import { createTimetable, type Timetable } from './next-run.ts';
import { runJob } from './run-job.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

/** What running jobs needs. */
export interface SchedulerOptions {
  readonly settings: Pick<DbSettings, 'cronJobs' | 'cronResultLimit'>;
  readonly log: Logger;
  readonly clock: Clock;
  /** A session of a role in a database. */
  readonly session: (role: string, database: string) => ConnectionOptions;
}

interface Entry {
  readonly job: CronJob;
  readonly schedule: Schedule;
  /** When it is due next, by the database's clock. */
  due: number | undefined;
  /** When to ask for it, where that is later. */
  notBefore: number;
}

type Step = (connection: WorkConnection) => Promise<void>;

/** A moment that passed longer ago, while the machine slept or nobody could reach the database, is left out. */
const latest = 3 * 3_600_000;

const gone: Claim = { outcome: 'gone' };

const longestSleep = 3_600_000;

/** While a job's earlier run is under way, or too many jobs are, its moment waits. */
const busyPause = 1_000;

/**
 * The other half of `pg_cron`. Every node of a database has one, wakes for every moment of every job, and asks for it; the
 * database gives it to one of them. Moments are counted by the database's clock, so that nodes mean the same ones.
 */
export function createScheduler({ settings, log, clock, session }: SchedulerOptions): BackgroundPart {
  const entries = new Map<string, Entry>();
  const running = new Set<Promise<void>>();
  const cutOff = new AbortController();
  /** What is to be written down of runs, while there is no connection to do it. */
  const unwritten: Step[] = [];
  let connection: WorkConnection | undefined;
  let timetable: Timetable | undefined;
  let madeFor = '';
  let offset = 0;
  let logsRuns = true;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let working: Promise<void> = Promise.resolve();

  const now = () => clock.now() + offset;

  /** One thing after the other: reading the jobs, and asking for what is due. */
  function inTurn(step: Step): void {
    working = working.then(async () => {
      const on = connection;
      if (!on || stopping) return;
      try {
        await step(on);
      } catch (error) {
        if (isAbsent(error)) entries.clear();
        else if (on.usable) log.error({ err: error }, 'pg_cron: the jobs could not be worked on');
      }
      sleep();
    });
  }

  async function load(on: WorkConnection): Promise<void> {
    const state = await readJobs(on);
    offset = state.now - clock.now();
    logsRuns = state.logsRuns;
    await keepTimetable(state);
    const before = new Map(entries);
    entries.clear();
    for (const job of state.jobs) {
      const schedule = parseSchedule(job.schedule);
      if (!schedule) {
        log.warn({ job: job.id, schedule: job.schedule }, 'pg_cron: a schedule that says nothing');
        continue;
      }
      const known = before.get(job.id);
      // What was due while the connection was lost still is.
      const keepsDue = known !== undefined && known.job.schedule === job.schedule && known.due !== undefined;
      const since = schedule.kind === 'reboot' ? state.serverStart - 1 : now();
      entries.set(job.id, {
        job,
        schedule,
        due: keepsDue ? known.due : timetable?.next(schedule, since),
        notBefore: 0,
      });
    }
  }

  async function keepTimetable({ timezone, serverStart, jobs }: CronState): Promise<void> {
    const key = `${timezone} ${serverStart}`;
    if (jobs.length === 0 || (timetable && key === madeFor)) return;
    timetable = await createTimetable(timezone, serverStart);
    madeFor = key;
    for (const entry of entries.values()) entry.due = undefined;
  }

  function sleep(): void {
    clearTimeout(timer);
    if (stopping || !connection?.usable) return;
    const due = Math.min(
      ...[...entries.values()].map((entry) => Math.max(entry.due ?? Number.POSITIVE_INFINITY, entry.notBefore)),
    );
    if (due === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => inTurn(runDue), Math.min(Math.max(due - now(), 0), longestSleep)).unref();
  }

  async function runDue(on: WorkConnection): Promise<void> {
    const at = now();
    for (const entry of entries.values()) {
      if (entry.due === undefined || Math.max(entry.due, entry.notBefore) > at) continue;
      const moment = latestMoment(entry, at);
      if (running.size >= settings.cronJobs) {
        entry.notBefore = at + busyPause;
        continue;
      }
      const claim = at - moment > latest ? gone : await claimRun(on, entry.job, moment, logsRuns);
      if (claim.outcome === 'taken') start(entry.job, claim.runId);
      // The moment stays the same while it waits, so that of all nodes that wait for it one gets it.
      if (claim.outcome === 'busy') Object.assign(entry, { due: moment, notBefore: at + busyPause });
      else entry.due = timetable?.next(entry.schedule, Math.max(moment, at));
    }
  }

  /** Of several moments that passed, the last one counts. */
  function latestMoment({ schedule, due = 0 }: Entry, at: number): number {
    if (schedule.kind === 'reboot') return due;
    let moment = due;
    for (let steps = 0; steps < 1_000; steps++) {
      const next = timetable?.next(schedule, moment);
      if (next === undefined || next > at) return moment;
      moment = next;
    }
    return moment;
  }

  function start(job: CronJob, runId: string | null): void {
    const run: Promise<void> = perform(job, runId)
      .catch((error: unknown) => unrecorded(error, job.id))
      .finally(() => running.delete(run));
    running.add(run);
  }

  function unrecorded(error: unknown, job?: string): void {
    log.error({ err: error, job }, 'pg_cron: a run could not be recorded');
  }

  /** Does it on the connection that stands, else on the next one: a run does not depend on what is written down of it. */
  async function write(step: Step): Promise<void> {
    const on = connection;
    try {
      if (on?.usable) return await step(on);
    } catch (error) {
      if (on?.usable) throw error;
    }
    unwritten.push(step);
  }

  async function perform(job: CronJob, runId: string | null): Promise<void> {
    const options = { ...session(job.username, job.database), applicationName: `${jobSession}${job.id}` };
    let shows = false;
    const { succeeded, message } = await runJob({
      job,
      connection: options,
      resultLimit: settings.cronResultLimit,
      signal: cutOff.signal,
      async onSession(pid) {
        shows = true;
        await write((on) => endStarting(on, job.id));
        if (runId !== null) await write((on) => noteRunning(on, runId, pid));
      },
    });
    if (!shows) await write((on) => endStarting(on, job.id));
    if (runId !== null) await write((on) => endRun(on, runId, succeeded, message));
  }

  return {
    channels: ['pg_cron'],
    attach(next) {
      connection = next;
      inTurn(async (on) => {
        // One that cannot be written keeps neither the others nor the jobs from their turn.
        for (const step of unwritten.splice(0)) await write(step).catch((error: unknown) => unrecorded(error));
        await load(on);
        await endLostRuns(on);
      });
    },
    wake: () => inTurn(load),
    async stop(signal) {
      stopping = true;
      clearTimeout(timer);
      await working;
      signal.addEventListener('abort', () => cutOff.abort(), { once: true });
      if (signal.aborted) cutOff.abort();
      await Promise.all(running);
    },
    detail: () => ({ jobsRunning: running.size }),
  };
}
