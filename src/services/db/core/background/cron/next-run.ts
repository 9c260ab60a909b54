import type { Cron } from 'croner';
import type { Schedule } from './schedule.ts';

/** Says when a schedule is due. */
export interface Timetable {
  /** The first moment after another one, both in milliseconds since the epoch; undefined when there is none. */
  next(schedule: Schedule, after: number): number | undefined;
}

/**
 * A timetable in a time zone; one that is unknown counts as GMT. The library is loaded by the first who has a job.
 *
 * @param serverStart when the database server started, which is when `@reboot` was due
 */
export async function createTimetable(timezone: string, serverStart: number): Promise<Timetable> {
  const { Cron: CronPattern } = await import('croner');
  const zone = isZone(timezone) ? timezone : 'UTC';
  const patterns = new Map<string, Cron>();
  return {
    next(schedule, after) {
      if (schedule.kind === 'reboot') return serverStart > after ? serverStart : undefined;
      // Counted from the epoch, so that all nodes mean the same moments.
      if (schedule.kind === 'interval') {
        const step = schedule.seconds * 1_000;
        return (Math.floor(after / step) + 1) * step;
      }
      const key = `${schedule.bothDays} ${schedule.pattern}`;
      let pattern = patterns.get(key);
      if (!pattern) {
        pattern = new CronPattern(schedule.pattern, {
          mode: '5-part',
          paused: true,
          timezone: zone,
          domAndDow: schedule.bothDays,
        });
        patterns.set(key, pattern);
      }
      return pattern.nextRun(new Date(after))?.getTime();
    },
  };
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
