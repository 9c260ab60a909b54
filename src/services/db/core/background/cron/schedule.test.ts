import { describe, expect, test } from 'vitest';
import { createTimetable } from './next-run.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

const parsed = (text: string): Schedule => {
  const schedule = parseSchedule(text);
  if (!schedule) throw new Error(`${text} was refused`);
  return schedule;
};

describe('parsing', () => {
  test.each([
    ['* * * * *', '* * * * *'],
    ['*/15 0-6/3 1,15 jan-mar mon', '0,15,30,45 0,3,6 1,15 1,2,3 1'],
    ['0 3 $ * *', '0 3 L * *'],
    ['5 4 * * sat,sun', '5 4 * * 6,0'],
    ['0 0 * * 7', '0 0 * * 0'],
    ['0 0 * * 5-7', '0 0 * * 5,6,0'],
    ['  1\t2 3 4 5 ', '1 2 3 4 5'],
    ['@daily', '0 0 * * *'],
    ['@HOURLY', '0 * * * *'],
  ])('%s', (text, pattern) => {
    expect(parseSchedule(text)).toMatchObject({ kind: 'cron', pattern });
  });

  test.each([
    ['1 second', 1],
    ['59 seconds', 59],
    ['30  SECONDS', 30],
  ])('%s', (text, seconds) => {
    expect(parseSchedule(text)).toEqual({ kind: 'interval', seconds });
  });

  test.each([
    '',
    'nonsense',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '5/10 * * * *',
    '1,,2 * * * *',
    '* * * monday *',
    '* * * * jan',
    'jan * * * *',
    '$ * * * *',
    '0 seconds',
    '60 seconds',
    '5 minutes',
    '@fortnightly',
    '@constructor',
  ])('%j is refused', (text) => {
    expect(parseSchedule(text)).toBeUndefined();
  });
});

describe('the next moment', () => {
  const next = async (text: string, after: string, zone = 'GMT') => {
    const timetable = await createTimetable(zone, 0);
    const found = timetable.next(parsed(text), Date.parse(after));
    return found === undefined ? undefined : new Date(found).toISOString();
  };

  test.each([
    ['* * * * *', '2026-03-01T10:00:00.000Z', '2026-03-01T10:01:00.000Z'],
    ['* * * * *', '2026-03-01T10:00:59.999Z', '2026-03-01T10:01:00.000Z'],
    ['30 3 * * *', '2026-03-01T10:00:00Z', '2026-03-02T03:30:00.000Z'],
    ['0 0 $ * *', '2028-02-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 12 * * mon', '2026-03-04T00:00:00Z', '2026-03-09T12:00:00.000Z'],
    // Either day field is enough where both are restricted ...
    ['0 0 13 * fri', '2026-03-14T00:00:00Z', '2026-03-20T00:00:00.000Z'],
    // ... unless one of them begins with a star.
    ['0 0 */2 * mon', '2026-03-01T12:00:00Z', '2026-03-09T00:00:00.000Z'],
    ['10 seconds', '2026-03-01T10:00:01Z', '2026-03-01T10:00:10.000Z'],
    ['10 seconds', '2026-03-01T10:00:10Z', '2026-03-01T10:00:20.000Z'],
  ])('%s after %s', async (text, after, expected) => {
    expect(await next(text, after)).toBe(expected);
  });

  test('is one of the time zone', async () => {
    expect(await next('0 3 * * *', '2026-01-10T00:00:00Z', 'Europe/Berlin')).toBe('2026-01-10T02:00:00.000Z');
    expect(await next('0 3 * * *', '2026-07-10T00:00:00Z', 'Europe/Berlin')).toBe('2026-07-10T01:00:00.000Z');
    expect(await next('0 3 * * *', '2026-07-10T00:00:00Z', 'Nowhere/Atall')).toBe('2026-07-10T03:00:00.000Z');
  });

  test('never comes for a day that is not', async () => {
    expect(await next('0 0 30 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
  });

  test('of the server’s start is that start', async () => {
    const timetable = await createTimetable('GMT', 1_000);
    expect(timetable.next({ kind: 'reboot' }, 999)).toBe(1_000);
    expect(timetable.next({ kind: 'reboot' }, 1_000)).toBeUndefined();
  });
});
