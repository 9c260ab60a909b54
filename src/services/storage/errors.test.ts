import { expect, it } from 'vitest';
import { asStorageError, renderError, storageError } from './errors.ts';

const fromDatabase = (message: string, code = 'XX000') =>
  renderError(asStorageError(Object.assign(new Error(message), { code, severity: 'FATAL' })));

it.each([
  'Authentication error, reason: "Invalid format"',
  'Max client connections reached',
  'remaining connection slots are reserved for roles with the SUPERUSER attribute',
  'no more connections allowed (max_client_conn)',
  'sorry, too many clients already',
  'server login has been failing, try again later',
])('a database that has no connection left is told as such: %s', (message) => {
  expect(fromDatabase(message)).toEqual({
    status: 429,
    body: {
      statusCode: '429',
      code: 'SlowDown',
      error: 'too_many_connections',
      message: 'Too many connections issued to the database',
    },
  });
});

it('a request of the wrong form has the name of the error class and the code of those that have none', () => {
  expect(renderError(storageError('ValidationFailed', { message: 'body must be object' }))).toEqual({
    status: 400,
    body: { statusCode: '400', error: 'Error', code: 'InternalError', message: 'body must be object' },
  });
});
