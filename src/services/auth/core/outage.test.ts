import { connect } from 'node:net';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeOutage } from './outage.ts';

const reported = (code: string) => Object.assign(new pg.DatabaseError('x', 1, 'error'), { code, severity: 'FATAL' });

it('a socket that is not there is told in words', async () => {
  const error = await new Promise((resolve) => connect('/nowhere/.s.PGSQL.5432').on('error', resolve));
  expect(String(error)).toContain('ENOENT');
  expect(describeOutage(error)).toBe('the database cannot be reached; it may be starting up or recovering');
});

it('what the server says of itself is told in words, and nothing is made up of other errors', () => {
  expect(describeOutage(reported('57P03'))).toContain('recovering');
  expect(describeOutage(reported('57P01'))).toContain('closed');
  expect(describeOutage(reported('53300'))).toContain('no connection left');
  expect(describeOutage(new Error('Connection terminated unexpectedly'))).toContain('cannot be reached');
  expect(describeOutage(reported('42P01'))).toBeUndefined();
  expect(describeOutage(new Error('something else'))).toBeUndefined();
});
