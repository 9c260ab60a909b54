import { validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#kernel/errors';
import { planner, type Trial } from '../../testing/planning.ts';
import type { DatabasePlan } from '../compile/transaction.ts';
import type { Answer } from './answer.ts';
import { checkResult, needsCheck } from './checks.ts';
import { failureAnswer, failureOf } from './failure.ts';
import { allowedMethods } from './options.ts';
import { applyResponseSettings } from './response-settings.ts';
import { plannedRows, type ResultRow, resultRow } from './result.ts';
import { statusOfSqlState } from './sqlstate.ts';
import { answerTo } from './success.ts';
import { createTimer } from './timing.ts';

const base = planner({ PGRST_DB_TX_END: 'commit-allow-override' });
/** A row whose body is written as text. */
type TextRow = Partial<Omit<ResultRow, 'body'> & { body: string }>;

const row = ({ body = '[]', ...of }: TextRow = {}): ResultRow => ({
  total: undefined,
  rows: 1,
  body: Buffer.from(body),
  headers: null,
  status: null,
  inserted: undefined,
  location: null,
  ...of,
});

function answer(trial: Trial, of: TextRow = {}): Answer {
  const request = base.parse(trial);
  return answerTo(request, base.plan(trial) as DatabasePlan, row(of), base.config);
}

const post = (target: string, prefer: string, body = '{"id":1}'): Trial => ({
  method: 'POST',
  target,
  body,
  headers: { prefer },
});

describe('status and headers of each operation', () => {
  const json = 'application/json; charset=utf-8';
  const profile = { 'Content-Profile': 'api' };
  test.each<[string, Trial, TextRow, number, object, string | undefined]>([
    [
      'a read',
      { target: '/clients?id=gt.1' },
      { body: '[1]' },
      200,
      { 'Content-Type': json, ...profile, 'Content-Range': '0-0/*', 'Content-Location': '/clients?id=gt.1' },
      '[1]',
    ],
    [
      'a part of a read',
      { target: '/clients', headers: { prefer: 'count=exact' } },
      { total: 5, rows: 2 },
      206,
      {
        'Content-Type': json,
        ...profile,
        'Content-Range': '0-1/5',
        'Content-Location': '/clients',
        'Preference-Applied': 'count=exact',
      },
      '[]',
    ],
    [
      'a page behind the last row keeps its headers',
      { target: '/clients?offset=9', headers: { prefer: 'count=exact', accept: 'text/csv' } },
      { total: 5, rows: 0 },
      416,
      {
        'Content-Type': 'text/csv; charset=utf-8',
        ...profile,
        'Content-Range': '*/5',
        'Content-Location': '/clients?offset=9',
        'Preference-Applied': 'count=exact',
      },
      '{"code":"PGRST103","details":"An offset of 9 was requested, but there are only 5 rows.","hint":null,"message":"Requested range not satisfiable"}',
    ],
    [
      'HEAD',
      { method: 'HEAD', target: '/clients' },
      {},
      200,
      { 'Content-Type': json, ...profile, 'Content-Range': '0-0/*', 'Content-Location': '/clients' },
      undefined,
    ],
    ['an insert', post('/clients', ''), {}, 201, { 'Content-Range': '*/*' }, ''],
    [
      'an insert that names its row',
      post('/users_tasks', 'return=headers-only', '{"user_id":1}'),
      { location: '[["task_id",null],["user_id","a b&"]]' },
      201,
      {
        'Content-Range': '*/*',
        Location: '/users_tasks?task_id=is.null&user_id=eq.a%20b%26',
        'Preference-Applied': 'return=headers-only',
      },
      '',
    ],
    [
      'an insert that is shown',
      post('/clients', 'return=representation,count=exact'),
      { rows: 3, body: '[3]' },
      201,
      {
        'Content-Type': json,
        ...profile,
        'Content-Range': '*/3',
        'Preference-Applied': 'return=representation, count=exact',
      },
      '[3]',
    ],
    [
      'an upsert that only updated',
      post('/clients', 'resolution=merge-duplicates'),
      { inserted: 0 },
      200,
      { 'Content-Range': '*/*', 'Preference-Applied': 'resolution=merge-duplicates' },
      '',
    ],
    [
      'an update',
      { method: 'PATCH', target: '/clients?id=eq.1', body: '{"name":"x"}' },
      { rows: 2 },
      204,
      { 'Content-Range': '0-1/*' },
      undefined,
    ],
    [
      'an update of nothing that is counted',
      { method: 'PATCH', target: '/clients?id=eq.1', body: '{"name":"x"}', headers: { prefer: 'count=exact' } },
      { rows: 0 },
      204,
      { 'Content-Range': '*/0', 'Preference-Applied': 'count=exact' },
      undefined,
    ],
    [
      'a single upsert',
      { method: 'PUT', target: '/clients?id=eq.1', body: '{"id":1}' },
      { inserted: 1 },
      204,
      {},
      undefined,
    ],
    [
      'a single upsert that is shown',
      { method: 'PUT', target: '/clients?id=eq.1', body: '{"id":1}', headers: { prefer: 'return=representation' } },
      { inserted: 1 },
      201,
      { 'Content-Type': json, ...profile, 'Preference-Applied': 'return=representation' },
      '[]',
    ],
    [
      'a delete',
      { method: 'DELETE', target: '/clients?id=eq.1', headers: { prefer: 'count=exact' } },
      { rows: 4 },
      204,
      { 'Content-Range': '*/4', 'Preference-Applied': 'count=exact' },
      undefined,
    ],
    [
      'a call',
      { target: '/rpc/add_them?a=1', headers: { prefer: 'handling=strict, tx=rollback, timezone=UTC' } },
      { body: '3' },
      200,
      {
        'Content-Type': json,
        ...profile,
        'Content-Range': '0-0/*',
        'Preference-Applied': 'tx=rollback, handling=strict, timezone=UTC',
      },
      '3',
    ],
  ])('%s', (_, trial, of, status, headers, body) => {
    const { body: bytes, ...rest } = answer(trial, of);
    expect({ ...rest, body: bytes?.toString() }).toEqual({ status, statusText: undefined, headers, body });
  });

  test('what applied is told in one order, whatever the order it was asked for in', () => {
    const all =
      'max-affected=1,timezone=UTC,handling=strict,tx=rollback,count=exact,return=minimal,missing=default,resolution=ignore-duplicates';
    expect(answer(post('/clients', all)).headers['Preference-Applied']).toBe(
      'resolution=ignore-duplicates, missing=default, return=minimal, count=exact, tx=rollback, handling=strict, timezone=UTC',
    );
    expect(
      answer({ method: 'DELETE', target: '/clients?id=eq.1', headers: { prefer: all } }).headers['Preference-Applied'],
    ).toBe('return=minimal, count=exact, tx=rollback, handling=strict, timezone=UTC, max-affected=1');
    expect(answer({ target: '/clients', headers: { prefer: 'return=minimal' } }).headers).not.toHaveProperty(
      'Preference-Applied',
    );
    expect(answer(post('/no_key', 'resolution=merge-duplicates', '{"a":1}')).headers).not.toHaveProperty(
      'Preference-Applied',
    );
  });

  test('a single schema is not named', () => {
    const single = planner();
    const trial = { target: '/clients' };
    const request = { ...single.parse(trial), namesSchema: false };
    const { headers } = answerTo(request, single.plan(trial) as DatabasePlan, row(), single.config);
    expect(headers).not.toHaveProperty('Content-Profile');
  });
});

describe('what may be done', () => {
  const { cache } = base;
  test.each([
    ['clients', 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE'],
    ['no_key', 'OPTIONS,GET,HEAD,POST,PATCH,DELETE'],
  ])('with table %s', (name, allow) => {
    expect(allowedMethods({ kind: 'relation', name }, 'api', cache).headers).toMatchObject({
      Allow: allow,
      'Access-Control-Allow-Origin': '*',
    });
  });

  test('with functions and the root', () => {
    expect(allowedMethods({ kind: 'routine', name: 'no_args' }, 'api', cache).headers.Allow).toBe(
      'OPTIONS,GET,HEAD,POST',
    );
    expect(() => allowedMethods({ kind: 'routine', name: 'add_them' }, 'api', cache)).toThrow(
      'Could not find the function',
    );
    expect(() => allowedMethods({ kind: 'relation', name: 'x' }, 'api', cache)).toThrow('Could not find the table');
    expect(allowedMethods({ kind: 'root' }, 'api', cache).headers.Allow).toBe('OPTIONS,GET,HEAD');
  });
});

describe('results that are not what was asked for', () => {
  const object = { accept: 'application/vnd.pgrst.object+json' };
  test.each<[Trial, number, string | undefined, boolean]>([
    [{ target: '/clients', headers: object }, 2, 'PGRST116', false],
    [{ target: '/clients', headers: object }, 1, undefined, false],
    [{ ...post('/clients', ''), headers: object }, 0, 'PGRST116', true],
    [{ target: '/rpc/add_them?a=1', headers: object }, 1, undefined, false],
    [{ method: 'PUT', target: '/clients?id=eq.1', body: '{"id":1}' }, 0, 'PGRST115', true],
    [
      { method: 'DELETE', target: '/clients?id=gt.1', headers: { prefer: 'handling=strict,max-affected=2' } },
      3,
      'PGRST124',
      true,
    ],
    [{ method: 'DELETE', target: '/clients?id=gt.1', headers: { prefer: 'max-affected=2' } }, 3, undefined, false],
    [{ ...post('/clients', 'handling=strict,max-affected=0') }, 3, undefined, false],
  ])('%j with %d rows', (trial, rows, code, checkedBefore) => {
    const plan = base.plan(trial) as DatabasePlan;
    const { preferences } = base.parse(trial);
    expect(needsCheck(plan, preferences)).toBe(checkedBefore);
    const check = () => checkResult(plan, preferences, row({ rows }));
    if (code === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code }));
  });
});

describe('settings of a response', () => {
  const plain: Answer = { status: 200, statusText: undefined, headers: { 'Content-Type': 'a', X: '1' }, body: 'b' };
  test('take the place of headers of the same name, and may repeat', () => {
    const headers = '[{"content-type":"t/x"},{"Set-Cookie":"a"},{"set-cookie":"é"},{"Content-Length":"9"}]';
    expect(applyResponseSettings(plain, { headers, status: '418 whatever' })).toEqual({
      status: 418,
      statusText: undefined,
      headers: { X: '1', 'content-type': 't/x', 'Set-Cookie': ['a', 'Ã©'] },
      body: 'b',
    });
    expect(applyResponseSettings(plain, { headers: null, status: null })).toBe(plain);
  });

  test.each([
    'x',
    '{}',
    '[1]',
    '[{"a":1}]',
    '[{"a":"1","b":"2"}]',
    '[{}]',
    '[{"a b":"1"}]',
    '[{"a":"x\\ny"}]',
    '[null]',
  ])('headers %s are PGRST111', (headers) => {
    expect(() => applyResponseSettings(plain, { headers, status: null })).toThrow(
      expect.objectContaining({ code: 'PGRST111' }),
    );
  });

  test.each(['x', '-1', '99', '1000', '100'])('status %s is PGRST112', (status) => {
    expect(() => applyResponseSettings(plain, { headers: null, status })).toThrow(
      expect.objectContaining({ code: 'PGRST112' }),
    );
  });
});

describe('errors of the database', () => {
  test.each([
    ['08006', 503],
    ['09000', 500],
    ['0L000', 403],
    ['0P000', 403],
    ['23503', 409],
    ['23505', 409],
    ['23502', 400],
    ['25006', 405],
    ['25001', 500],
    ['28P01', 403],
    ['2D000', 500],
    ['38000', 500],
    ['39000', 500],
    ['3B000', 500],
    ['40001', 500],
    ['53400', 500],
    ['53300', 503],
    ['54000', 500],
    ['55000', 500],
    ['57P01', 503],
    ['57014', 500],
    ['58000', 500],
    ['F0000', 500],
    ['HV000', 500],
    ['P0001', 400],
    ['P0002', 500],
    ['XX000', 500],
    ['42883', 404],
    ['42P01', 404],
    ['42P17', 500],
    ['42703', 400],
    ['22P02', 400],
    ['22023', 400],
    ['21000', 500],
    ['99999', 400],
  ])('%s is %d', (code, status) => {
    expect(statusOfSqlState({ code, message: 'm' }, true)).toBe(status);
  });

  test.each([
    ['21000', 'UPDATE requires a WHERE clause', true, 400],
    ['22023', 'role "x" does not exist', false, 401],
    ['42883', 'function xmlagg(x) does not exist', true, 406],
    ['42501', 'permission denied', true, 401],
    ['42501', 'permission denied', false, 403],
  ])('%s, %s, anonymous %s, is %d', (code, message, isAnonymous, status) => {
    expect(statusOfSqlState({ code, message }, isAnonymous)).toBe(status);
  });

  const raised = (fields: object) => Object.assign(new Error('m'), { severity: 'ERROR', code: 'P0001' }, fields);
  const context = { isAnonymous: true, retryAfter: 7 };
  const answerOf = (thrown: unknown) => failureAnswer(failureOf(thrown, context));

  test('are passed on, keys in one order and no white space', () => {
    expect(answerOf(raised({ code: '23505', detail: 'd', hint: 'h' }))).toEqual({
      status: 409,
      statusText: undefined,
      headers: { 'Content-Type': 'application/json; charset=utf-8', 'Proxy-Status': 'PostgREST; error=23505' },
      body: '{"code":"23505","details":"d","hint":"h","message":"m"}',
    });
    expect(answerOf(raised({ code: '42501' })).headers).toMatchObject({ 'www-authenticate': 'Bearer' });
    expect(answerOf(raised({ code: '57P01' })).headers).toMatchObject({ 'retry-after': '7' });
  });

  test.each([
    ['PT402', 402, 'm'],
    ['PT999', 999, 'm'],
    ['PTabc', 500, 'm'],
    ['PT007', 500, 'm'],
  ])('%s has status %d and a reason of its own', (code, status, statusText) => {
    expect(answerOf(raised({ code }))).toMatchObject({
      status,
      statusText,
      body: expect.stringContaining(`"code":"${code}"`),
    });
  });

  test('a whole answer may be raised', () => {
    const message = '{"code":"123","message":"ABC","details":"DEF"}';
    const detail = '{"status":332,"status_text":"My\\nown","headers":{"X-Foo":"bé"}}';
    expect(answerOf(raised({ code: 'PGRST', message, detail }))).toEqual({
      status: 332,
      statusText: 'My own',
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'Proxy-Status': 'PostgREST; error=123',
        'X-Foo': 'bÃ©',
      },
      body: '{"code":"123","details":"DEF","hint":null,"message":"ABC"}',
    });
  });

  const right = '{"code":"1","message":"m"}';
  test.each([
    ['ABC', '{"status":1}', "Invalid JSON value for MESSAGE: 'ABC'"],
    ['{"code":"1"}', '{}', `Invalid JSON value for MESSAGE: '{"code":"1"}'`],
    [right, undefined, 'DETAIL is missing in the RAISE statement'],
    [right, 'x', "Invalid JSON value for DETAIL: 'x'"],
    [right, '{"status":400}', `Invalid JSON value for DETAIL: '{"status":400}'`],
    [right, '{"status":"400","headers":{}}', `Invalid JSON value for DETAIL: '{"status":"400","headers":{}}'`],
    [
      right,
      '{"status":400,"headers":{"a b":"c"}}',
      `Invalid JSON value for DETAIL: '{"status":400,"headers":{"a b":"c"}}'`,
    ],
  ])('%s with %s is PGRST121', (message, detail, details) => {
    const answered = answerOf(raised({ code: 'PGRST', message, detail }));
    expect(answered.status).toBe(500);
    expect(JSON.parse(String(answered.body))).toMatchObject({ code: 'PGRST121', details });
  });

  test.each([
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'PGRST000', 503],
    [raised({ code: '28P01', severity: 'FATAL' }), 'PGRST000', 503],
    [raised({ code: '57P03', severity: 'FATAL' }), 'PGRST000', 503],
    [new Error('Connection terminated unexpectedly'), 'PGRST001', 503],
    [new ServiceError('pool_timeout', 504, 'x'), 'PGRST003', 504],
    [new ServiceError('pool_exhausted', 503, 'x'), 'STACK503', 503],
    [new ServiceError('pool_closed', 503, 'x'), 'PGRST001', 503],
    [new ServiceError('request_aborted', 499, 'x'), 'STACK499', 499],
    [Object.assign(new Error('x'), { name: 'BodyError', reason: 'too-large' }), 'STACK413', 413],
    [new TypeError('a bug'), 'PGRSTX00', 500],
    ['not even an error', 'PGRSTX00', 500],
  ])('%s is %s', (thrown, code, status) => {
    const answered = answerOf(thrown);
    expect(answered.status).toBe(status);
    expect(JSON.parse(String(answered.body))).toMatchObject({ code });
    expect(answered.headers['retry-after']).toBe(status === 503 ? '7' : undefined);
  });

  test('what a bug says is not shown', () => {
    expect(String(answerOf(new TypeError('secret')).body)).not.toContain('secret');
  });

  test('whatever is raised can be answered', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom('PGRST', 'PT200', 'P0001'), text), text, text, (code, message, detail) => {
        const answered = answerOf(raised({ code, message, detail }));
        expect(answered.status).toBeGreaterThanOrEqual(200);
        for (const [header, value] of Object.entries(answered.headers)) validateHeaderValue(header, value as string);
      }),
    );
  });
});

test('a result row is read by the place of its columns', () => {
  const cells = (...texts: (string | null)[]) => texts.map((text) => (text === null ? null : Buffer.from(text)));
  expect(resultRow(cells('5', '2', 'b', 'h', 's', '1', 'l'))).toEqual({
    total: 5,
    rows: 2,
    body: Buffer.from('b'),
    headers: 'h',
    status: 's',
    inserted: 1,
    location: 'l',
  });
  expect(resultRow(cells(null, '0', null, null, null, ''))).toEqual(row({ rows: 0, body: '' }));
  expect(plannedRows('[{"Plan":{"Plan Rows":42}}]')).toBe(42);
});

test('times are told in one order', () => {
  let time = 0;
  const timer = createTimer(true, () => time);
  for (const part of ['jwt', 'parse', 'plan', 'transaction', 'response'] as const) {
    time += 1.25;
    timer.end(part);
  }
  expect(timer.header()).toBe('jwt;dur=1.3, parse;dur=1.3, plan;dur=1.3, transaction;dur=1.3, response;dur=1.3');
  expect(createTimer(false, () => 0).header()).toBeUndefined();
});
