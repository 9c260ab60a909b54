import { expect, it } from 'vitest';
import type { DatabaseError } from '#kernel/sql';
import { describeQueryError } from './query-error.ts';

const raised = (fields: object): DatabaseError =>
  Object.assign(new Error('column "nope" does not exist'), {
    severity: 'ERROR',
    code: '42703',
    ...fields,
  }) as DatabaseError;

it('shows the line and a caret below the place', () => {
  const { formattedError, error } = describeQueryError(
    raised({ position: '13', hint: 'Look' }),
    'select 1,\n  nope\nfrom x',
  );
  expect(formattedError).toBe(
    'ERROR:  42703: column "nope" does not exist\nLINE 2:   nope\n          ^\nHINT:  Look\n',
  );
  expect(error).toBe(formattedError);
});

it('counts characters, not UTF-16 units', () => {
  const { formattedError } = describeQueryError(raised({ position: '12' }), "select '😀', nope");
  expect(formattedError).toContain("LINE 1: select '😀', nope\n                   ^\n");
});

it('does without a place', () => {
  const described = describeQueryError(raised({ where: 'PL/pgSQL function f()', internalQuery: 'select x' }), '');
  expect(described.formattedError).toBe(
    'ERROR:  42703: column "nope" does not exist\nQUERY:  select x\nCONTEXT:  PL/pgSQL function f()\n',
  );
  expect(described).toMatchObject({ code: '42703', name: 'error', message: 'column "nope" does not exist' });
});
