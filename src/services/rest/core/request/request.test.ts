import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#kernel/errors';
import { planner, type Trial } from '../../testing/planning.ts';
import { csvToJson } from './csv.ts';
import { parseAccept, parseMediaType, printMediaType } from './media-type.ts';
import { parsePayload } from './payload.ts';
import { parsePreferences } from './preferences.ts';
import { contentRange, rangeStatus, topRange } from './rows-range.ts';

const { parse } = planner({ PGRST_DB_SCHEMAS: 'api,other' });

function refusal(action: () => unknown): {
  code: string;
  status: number;
  message: string;
  details: unknown;
  hint: unknown;
} {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, status, message, details, hint } = error;
    return { code, status, message, details, hint };
  }
  throw new Error('nothing was refused');
}

describe('paths and methods', () => {
  test.each([
    ['GET', '/clients', { kind: 'read', table: 'clients', headersOnly: false }],
    ['HEAD', '/clients', { kind: 'read', table: 'clients', headersOnly: true }],
    ['POST', '/clients', { kind: 'insert', table: 'clients' }],
    ['PATCH', '/a%20b', { kind: 'update', table: 'a b' }],
    ['PUT', '/%22%C3%A9%ff', { kind: 'upsert', table: '"é\ufffd' }],
    ['DELETE', '/a+b', { kind: 'delete', table: 'a+b' }],
    ['GET', '/rpc/f', { kind: 'call', routine: 'f', byQuery: true, headersOnly: false }],
    ['HEAD', '/rpc/f', { kind: 'call', routine: 'f', byQuery: true, headersOnly: true }],
    ['POST', '/rpc/f', { kind: 'call', routine: 'f', byQuery: false, headersOnly: false }],
    ['GET', '/', { kind: 'describe', headersOnly: false }],
    ['OPTIONS', '/rpc/f', { kind: 'options', resource: { kind: 'routine', name: 'f' } }],
    ['GET', '/rpc', { kind: 'read', table: 'rpc', headersOnly: false }],
  ])('%s %s', (method, target, action) => {
    expect(parse({ method, target, body: '{}' }).action).toEqual(action);
  });

  test.each([
    ['GET', '/clients/', 'PGRST125', 404, 'Invalid path specified in request URL'],
    ['GET', '/rpc/', 'PGRST125', 404, 'Invalid path specified in request URL'],
    ['GET', '/rpc/a/b', 'PGRST125', 404, 'Invalid path specified in request URL'],
    ['GET', '/a/b', 'PGRST125', 404, 'Invalid path specified in request URL'],
    ['PATCH', '/rpc/f', 'PGRST101', 405, 'Cannot use the PATCH method on RPC'],
    ['FOO', '/rpc/f', 'PGRST101', 405, 'Cannot use the FOO method on RPC'],
    ['FOO', '/clients', 'PGRST117', 405, 'Unsupported HTTP method: FOO'],
    ['POST', '/', 'PGRST117', 405, 'Unsupported HTTP method: POST'],
  ])('%s %s is %s', (method, target, code, status, message) => {
    expect(refusal(() => parse({ method, target }))).toMatchObject({ code, status, message });
  });

  test('the root may be turned off, or be a function', () => {
    expect(refusal(() => planner({ PGRST_OPENAPI_MODE: 'disabled' }).parse({ target: '/' }))).toMatchObject({
      code: 'PGRST126',
      status: 404,
    });
    const root = planner({ PGRST_DB_ROOT_SPEC: 'other.root' }).parse({ target: '/' });
    expect(root).toMatchObject({ action: { kind: 'call', routine: 'root' }, schema: 'other' });
  });
});

describe('schemas', () => {
  test.each([
    ['GET', { 'accept-profile': 'other' }, 'other'],
    ['GET', { 'content-profile': 'other' }, 'api'],
    ['POST', { 'content-profile': 'other' }, 'other'],
    ['POST', { 'accept-profile': 'nowhere' }, 'api'],
    ['DELETE', { 'content-profile': 'other' }, 'other'],
  ] as const)('%s %j', (method, headers, schema) => {
    expect(parse({ method, target: '/clients', headers, body: '{}' })).toMatchObject({ schema, namesSchema: true });
  });

  test('an unknown one', () => {
    expect(refusal(() => parse({ target: '/clients', headers: { 'accept-profile': 'nope' } }))).toEqual({
      code: 'PGRST106',
      status: 406,
      message: 'Invalid schema: nope',
      details: null,
      hint: 'Only the following schemas are exposed: api, other',
    });
  });
});

test('of several faults the first in this order is told', () => {
  const trial: Trial = {
    method: 'FOO',
    target: '/a/b?select=[',
    headers: { 'accept-profile': 'nope', 'content-profile': 'nope' },
  };
  const codes: string[] = [];
  for (const mended of [
    {},
    { target: '/a?order=x.y' },
    { headers: {} },
    { method: 'POST' },
    { target: '/a?limit=-1' },
    { target: '/a', body: '' },
  ] satisfies Partial<Trial>[]) {
    Object.assign(trial, mended);
    codes.push(refusal(() => parse(trial)).code);
  }
  expect(codes).toEqual(['PGRST125', 'PGRST106', 'PGRST117', 'PGRST100', 'PGRST103', 'PGRST102']);
});

describe('preferences', () => {
  const isTimezone = (name: string) => name === 'UTC';
  const read = (header: string) => parsePreferences(header, isTimezone);

  test('every one that is known', () => {
    expect(
      read(
        'return=representation, count=exact,resolution=merge-duplicates , missing=default,tx=rollback,' +
          'handling=strict,timezone=UTC,max-affected=10',
      ),
    ).toEqual({
      return: 'representation',
      count: 'exact',
      resolution: 'merge-duplicates',
      missing: 'default',
      tx: 'rollback',
      handling: 'strict',
      timezone: 'UTC',
      maxAffected: 10,
      unknown: [],
    });
  });

  test.each([
    ['return=minimal, return=representation', { return: 'minimal', unknown: [] }],
    ['return=nothing, return=headers-only', { return: 'headers-only', unknown: ['return=nothing'] }],
    ['Return=minimal', { return: undefined, unknown: ['Return=minimal'] }],
    ['count=none, params=single-object', { unknown: ['count=none', 'params=single-object'] }],
    ['timezone=Nowhere/Else', { timezone: undefined, unknown: ['timezone=Nowhere/Else'] }],
    ['max-affected=many', { maxAffected: undefined, unknown: [] }],
    ['constructor=x, __proto__=y', { unknown: ['constructor=x', '__proto__=y'] }],
    [' , ', { unknown: [] }],
  ])('%s', (header, expected) => {
    expect(read(header)).toMatchObject(expected);
  });
});

describe('ranges', () => {
  test.each([
    [undefined, undefined, undefined, { offset: 0, limit: undefined }],
    ['0-9', undefined, undefined, { offset: 0, limit: 10 }],
    ['10-', undefined, undefined, { offset: 10, limit: undefined }],
    ['5-9', 3, undefined, { offset: 5, limit: 0 }],
    ['0-9', 5, 2, { offset: 2, limit: 5 }],
    ['x', 5, -3, { offset: 0, limit: 5 }],
    ['bytes=0-1', undefined, undefined, { offset: 0, limit: undefined }],
    [undefined, 0, undefined, { offset: 0, limit: 0 }],
    ['0-4', 0, undefined, { offset: 0, limit: 0 }],
  ])('Range %s, limit %s, offset %s', (header, limit, offset, expected) => {
    const query = limit === undefined && offset === undefined ? undefined : { limit, offset };
    if (header === '5-9') return expect(refusal(() => topRange(header, query)).status).toBe(416);
    expect(topRange(header, query)).toEqual(expected);
  });

  test.each([
    [
      '9-0',
      undefined,
      undefined,
      'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
    ],
    [undefined, -1, undefined, 'Limit should be greater than or equal to zero.'],
    [undefined, 0, 5, 'Limit should be greater than or equal to zero.'],
    ['0-4', undefined, 10, 'Limit should be greater than or equal to zero.'],
  ])('Range %s, limit %s, offset %s is refused', (header, limit, offset, details) => {
    const query = limit === undefined && offset === undefined ? undefined : { limit, offset };
    expect(refusal(() => topRange(header, query))).toMatchObject({ code: 'PGRST103', status: 416, details });
  });

  test('the header counts for GET only', () => {
    expect(parse({ target: '/clients', headers: { range: '1-2' } }).range).toEqual({ offset: 1, limit: 2 });
    expect(parse({ method: 'HEAD', target: '/clients', headers: { range: '1-2' } }).range.offset).toBe(0);
  });

  test.each([
    [0, 2, undefined, '0-1/*', 200],
    [0, 0, undefined, '*/*', 200],
    [0, 2, 2, '0-1/2', 200],
    [10, 5, 20, '10-14/20', 206],
    [0, 0, 0, '*/0', 200],
    [3, 0, 2, '*/2', 416],
    [2, 0, 2, '*/2', 206],
  ])('offset %d, %d rows of %s', (offset, rows, total, header, status) => {
    expect(contentRange(offset, rows, total)).toBe(header);
    expect(rangeStatus(offset, rows, total)).toBe(status);
  });
});

describe('media types', () => {
  test.each([
    [undefined, ['*/*']],
    ['application/json', ['application/json']],
    ['text/csv, application/json', ['text/csv', 'application/json']],
    ['text/csv;q=0.5, application/json', ['application/json', 'text/csv']],
    ['*/*, text/csv', ['text/csv', '*/*']],
    ['text/*;q=0.9,TEXT/csv;q=0.9;level=1', ['text/csv', 'text/*']],
    ['application/vnd.pgrst.object+json; nulls=stripped', ['application/vnd.pgrst.object+json;nulls=stripped']],
    ['a/b;x="c;d"', ['a/b;x=c;d']],
    ['', ['']],
  ])('%s', (header, expected) => {
    expect(parseAccept(header).map(printMediaType)).toEqual(expected);
  });

  test('anything at all is a type, if one nobody has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(() => [parseMediaType(text), parseAccept(text)]).not.toThrow();
      }),
    );
  });
});

describe('payloads', () => {
  const table = { isCall: false, hasColumns: false };
  const call = { isCall: true, hasColumns: false };
  const read = (body: string, type?: string, target = table) => parsePayload(type, Buffer.from(body), target);
  const json = (body: string, keys: string[] | undefined, isArray: boolean) => ({
    kind: 'json',
    body: Buffer.from(body),
    keys,
    isArray,
  });

  test.each([
    ['{"b":1,"a":{"x":2}}', json('{"b":1,"a":{"x":2}}', ['a', 'b'], false)],
    [' [{"a":1},\n{"a":2}]', json(' [{"a":1},\n{"a":2}]', ['a'], true)],
    ['[]', json('[]', [], true)],
    ['5', json('[]', [], true)],
    ['null', json('[]', [], true)],
    ['[{},{}]', json('[{},{}]', [], true)],
    ['{"__proto__":1}', json('{"__proto__":1}', ['__proto__'], false)],
  ])('%s', (body, expected) => {
    expect(read(body)).toEqual(expected);
  });

  test.each([
    ['', undefined, 'Empty or invalid json'],
    ['{', 'application/json', 'Empty or invalid json'],
    ['[1]', undefined, 'All object keys must match'],
    ['[{"a":1},{"b":1}]', undefined, 'All object keys must match'],
    ['[{"a":1},2]', undefined, 'All object keys must match'],
    ['[{"a":1},{}]', undefined, 'All object keys must match'],
    ['x', 'text/plain', 'Content-Type not acceptable: text/plain'],
    ['x', 'Image/PNG; q=1', 'Content-Type not acceptable: image/png'],
    ['a,b\n1', 'text/csv', 'All lines must have same number of fields'],
    ['a\n"1', 'text/csv', 'parse error (not enough input) at ""'],
    ['', 'text/csv', 'parse error (not enough input) at ""'],
    ['a,b', 'text/csv', 'parse error (not enough input) at ""'],
    ['a\n1"\té2\n', 'text/csv', 'parse error (endOfInput) at "\\"\\t\\195\\169\\&2\\n"'],
    ['a\n"1"x\\', 'text/csv', 'parse error (endOfInput) at "x\\\\"'],
    [`a\n1"${'x'.repeat(200)}`, 'text/csv', `parse error (endOfInput) at "${'x'.repeat(99)} (truncated)`],
  ])('%j as %s is refused', (body, type, message) => {
    expect(refusal(() => read(body, type))).toMatchObject({ code: 'PGRST102', status: 400, message });
  });

  test('with columns the document is nobody else’s business', () => {
    expect(read('not json', undefined, { isCall: false, hasColumns: true })).toEqual(
      json('not json', undefined, false),
    );
    expect(read(' \n[', undefined, { isCall: false, hasColumns: true })).toMatchObject({ isArray: true });
  });

  test('a call may go without, or take the whole body', () => {
    expect(read('', undefined, call)).toEqual(json('{}', [], false));
    expect(read('x', 'text/plain; charset=utf-8', call)).toEqual({
      kind: 'raw',
      type: 'text/plain',
      body: Buffer.from('x'),
    });
  });

  test('a form is a row, or arguments', () => {
    const type = 'application/x-www-form-urlencoded';
    expect(read('b=1+2&a=%C3%A9', type)).toEqual(json('{"b":"1 2","a":"é"}', ['a', 'b'], false));
    expect(read('v=1&v=2', type, call)).toEqual({
      kind: 'form',
      parameters: [
        { name: 'v', value: '1' },
        { name: 'v', value: '2' },
      ],
    });
  });

  test('CSV becomes JSON', () => {
    const { json: document, columns } = csvToJson('id,"na""me",x\r\n1,NULL,"a,b"\n\n2,"NULL","line\nbreak"\n3,,\n');
    expect(columns).toEqual(['id', 'na"me', 'x']);
    expect(JSON.parse(document)).toEqual([
      { id: '1', 'na"me': null, x: 'a,b' },
      { id: '2', 'na"me': null, x: 'line\nbreak' },
      { id: '3', 'na"me': '', x: '' },
    ]);
  });

  test('whatever is written as CSV is read back', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => text !== 'NULL');
    const rows = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 4 }),
      );
    fc.assert(
      fc.property(rows, (table) => {
        const quoted = table.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','));
        const text = ['"a","b","c","d"'.split(',').slice(0, table[0]?.length).join(','), ...quoted].join('\n');
        const parsed = JSON.parse(csvToJson(text).json) as Record<string, string>[];
        expect(parsed.map((row) => Object.values(row))).toEqual(table);
      }),
    );
  });

  test('bodies of any bytes are read or refused', () => {
    const types = fc.constantFrom(
      undefined,
      'application/json',
      'text/csv',
      'application/x-www-form-urlencoded',
      'text/xml',
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), types, fc.boolean(), (bytes, type, isCall) => {
        try {
          parsePayload(type, Buffer.from(bytes), { isCall, hasColumns: false });
        } catch (error) {
          expect((error as ServiceError).code).toBe('PGRST102');
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('PUT has no pages', () => {
  expect(refusal(() => parse({ method: 'PUT', target: '/clients?id=eq.1&limit=1', body: '{}' }))).toMatchObject({
    code: 'PGRST114',
    status: 400,
  });
});
