import { describe, expect, test } from 'vitest';
import { connectionString, formats, passwordPlace, waysOf } from './strings.ts';

const database = { host: '127.0.0.1', name: 'postgres', sessionPort: 5432, transactionPort: 6543 };

describe('connection strings', () => {
  test.each(formats)('%s has a placeholder until the password is known', (format) => {
    expect(connectionString(format, database, 6543, undefined)).toContain(passwordPlace);
    expect(connectionString(format, database, 6543, 'secret')).not.toContain(passwordPlace);
    expect(connectionString(format, database, 6543, 'secret')).toContain('6543');
  });

  test('a password with anything in it stays one', () => {
    const password = `p@ss/w:rd'?#`;
    const uri = connectionString('URI', database, 5432, password);
    expect(new URL(uri).hostname).toBe('127.0.0.1');
    expect(decodeURIComponent(new URL(uri).password)).toBe(password);
    expect(connectionString('psql', database, 5432, password)).toBe(
      `psql 'postgresql://postgres:p%40ss%2Fw%3Ard'\\''%3F%23@127.0.0.1:5432/postgres'`,
    );
  });
});

test('without a pooler there is one way', () => {
  expect(waysOf({ graphql: false, url: '', database }).map(({ port }) => port)).toEqual([5432, 6543]);
  const { transactionPort: _, ...direct } = database;
  expect(waysOf({ graphql: false, url: '', database: direct }).map(({ key }) => key)).toEqual(['session']);
});
