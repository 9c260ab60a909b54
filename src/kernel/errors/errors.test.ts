import { expect, test } from 'vitest';
import { catalogueOf, defineErrors, ServiceError } from './service-error.ts';
import { StartupError } from './startup-error.ts';

const make = defineErrors({ not_found: { status: 404, message: 'There is no such thing' } });

test('a catalogue written by status has every code with its own, and what else a room says of it', () => {
  const made = catalogueOf({ 404: { gone: 'Gone', away: { message: 'Away', wire: 200 } }, 400: { bad: '' } });
  expect(made).toEqual({
    gone: { status: 404, message: 'Gone' },
    away: { status: 404, message: 'Away', wire: 200 },
    bad: { status: 400, message: '' },
  });
  expect(defineErrors(made)('bad').status).toBe(400);
});

test('a code under two statuses is a mistake that is told at once', () => {
  expect(() => catalogueOf({ 400: { bad: 'a' }, 404: { bad: 'b' } })).toThrow(
    'error bad stands in its catalogue twice',
  );
});

test('an error of the catalogue has its status and text', () => {
  const error = make('not_found');
  expect(error).toBeInstanceOf(ServiceError);
  expect({ ...error }).toMatchObject({ code: 'not_found', status: 404, details: null, hint: null, headers: {} });
  expect(error.message).toBe('There is no such thing');
  expect(error.cause).toBeUndefined();
});

test('what is said beside it stays with it; the cause is kept apart', () => {
  const cause = new Error('secret');
  const error = make('not_found', {
    status: 410,
    message: 'Gone',
    details: [1],
    hint: 'Look',
    headers: { a: 'b' },
    cause,
  });
  expect({ ...error }).toMatchObject({ status: 410, details: [1], hint: 'Look', headers: { a: 'b' } });
  expect(error.message).toBe('Gone');
  expect(error.cause).toBe(cause);
  expect(JSON.stringify(error)).not.toContain('secret');
});

test('a start-up error names the setting to change', () => {
  expect(new StartupError('port 1 is taken', 'PORT')).toMatchObject({
    message: 'port 1 is taken (change PORT)',
    setting: 'PORT',
  });
  expect(new StartupError('it does not work').message).toBe('it does not work');
});
