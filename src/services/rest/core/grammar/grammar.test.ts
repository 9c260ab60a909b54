import { describe, expect, test } from 'vitest';
import { ServiceError } from '#kernel/errors';
import { parseQuery } from './query.ts';
import { canonicalQuery, parseParameters } from './query-string.ts';
import type { RestQuery } from './tree.ts';

function parse(query: string, allowsArguments = false): RestQuery {
  return parseQuery(parseParameters(query), { allowsArguments, maxDepth: 50 });
}

function failure(query: string): { message: string; details: unknown } {
  try {
    parse(query);
  } catch (error) {
    if (error instanceof ServiceError) return { message: error.message, details: error.details };
    throw error;
  }
  throw new Error(`${query} was accepted`);
}

const name = 'field name (* or [a..z0..9_$])';
const behindField = 'letter, digit, "-", "->>", "->"';

describe('positions and texts of parse errors', () => {
  test.each([
    ['id=0', 'filter (0)', 1, `unexpected "0" expecting "not" or operator (eq, gt, ...)`],
    ['id=noop.0', 'filter (noop.0)', 1, `unexpected "o" expecting "not" or operator (eq, gt, ...)`],
    ['id=fts().x', 'filter (fts().x)', 5, 'unexpected ")" expecting operator (eq, gt, ...)'],
    ['id=eq().x', 'filter (eq().x)', 4, 'unexpected ")" expecting operator (eq, gt, ...)'],
    ['id=is().x', 'filter (is().x)', 3, 'unexpected "(" expecting operator (eq, gt, ...)'],
    ['id=in().x', 'filter (in().x)', 3, 'unexpected "(" expecting operator (eq, gt, ...)'],
    ['id=not.noop.0', 'filter (not.noop.0)', 5, 'unexpected "n" expecting operator (eq, gt, ...)'],
    ['id=is.nope', 'filter (is.nope)', 6, 'unexpected "p" expecting isVal: (null, not_null, true, false, unknown)'],
    ['id=is.foo', 'filter (is.foo)', 5, 'unexpected "o" expecting isVal: (null, not_null, true, false, unknown)'],
    [
      'id=is.not.null',
      'filter (is.not.null)',
      7,
      'unexpected "." expecting isVal: (null, not_null, true, false, unknown)',
    ],
    [
      'id=is.nul',
      'filter (is.nul)',
      7,
      'unexpected end of input expecting isVal: (null, not_null, true, false, unknown)',
    ],
    ['id=in.1', 'filter (in.1)', 4, 'unexpected "1" expecting "("'],
    ['order=id.asc.nullslasttt', 'order (id.asc.nullslasttt)', 17, `unexpected 't' expecting "," or end of input`],
    ['order=id.nullslasttt', 'order (id.nullslasttt)', 13, `unexpected 't' expecting "," or end of input`],
    ['order=id.ac', 'order (id.ac)', 4, 'unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"'],
    ['order=id.smth34', 'order (id.smth34)', 4, 'unexpected "s" expecting "asc", "desc", "nullsfirst" or "nullslast"'],
    ['order=id.descc', 'order (id.descc)', 8, `unexpected 'c' expecting delimiter (.), "," or end of input`],
    ['order=id.asc.nlsfst', 'order (id.asc.nlsfst)', 8, 'unexpected "l" expecting "nullsfirst" or "nullslast"'],
    [
      'order=clients(name,id)',
      'order (clients(name,id))',
      8,
      `unexpected '(' expecting ${behindField}, delimiter (.), "," or end of input`,
    ],
    ['columns=', 'columns parameter ()', 1, `unexpected end of input expecting ${name}`],
    ['on_conflict=', 'on_conflict parameter ()', 1, `unexpected end of input expecting ${name}`],
    [
      'or=()',
      'logic tree (())',
      4,
      `unexpected ")" expecting ${name}, negation operator (not) or logic operator (and, or)`,
    ],
    ['select=data->>--34', 'select parameter (data->>--34)', 9, 'unexpected "-" expecting digit'],
    ['select=data->>-xy-4', 'select parameter (data->>-xy-4)', 9, 'unexpected "x" expecting digit'],
    [
      'select=data->>-78xy',
      'select parameter (data->>-78xy)',
      11,
      `unexpected 'x' expecting digit, "->", "::", ".", "," or end of input`,
    ],
    [
      'select=id,clients(name[])',
      'select parameter (id,clients(name[]))',
      16,
      `unexpected '[' expecting ${behindField}, "::", ".", ")", "," or end of input`,
    ],
    [
      'select=name!hint',
      'select parameter (name!hint)',
      5,
      `unexpected '!' expecting ${behindField}, "::", ".", ")", "," or end of input`,
    ],
    ['select=id,*!hint', 'select parameter (id,*!hint)', 5, `unexpected '!' expecting ")", "," or end of input`],
    ['select=name::', 'select parameter (name::)', 7, 'unexpected end of input expecting letter or digit'],
    ['%3A=eq.1', 'tree path (:)', 1, `unexpected ":" expecting ${name}`],
  ])('%s', (query, source, column, details) => {
    expect(failure(query)).toEqual({
      message: `"failed to parse ${source}" (line 1, column ${column})`,
      details,
    });
  });

  test('a position counts characters, not code units, and lines', () => {
    expect(failure('select=𝒳é,a[').message).toContain('(line 1, column 5)');
    expect(failure('or=(%0Aa.eq.1)').message).toContain('(line 1, column 4)');
  });

  test('nesting has a bound', () => {
    expect(failure(`select=${'a('.repeat(60)}`).details).toBe('nesting is limited to 50 levels');
    expect(failure(`or=${'(and'.repeat(60)}`).details).toBe('nesting is limited to 50 levels');
  });
});

describe('select', () => {
  const column = (of: string, more: object = {}) => ({
    kind: 'column',
    field: { name: of, path: [] },
    alias: undefined,
    cast: undefined,
    aggregate: undefined,
    aggregateCast: undefined,
    ...more,
  });
  const embed = (relation: string, select: object[], more: object = {}) => ({
    kind: 'embed',
    relation,
    alias: undefined,
    hint: undefined,
    join: undefined,
    spread: false,
    select,
    ...more,
  });
  const key = (arrow: string, value: string) => ({ arrow, kind: 'key', value });
  const index = (arrow: string, value: string) => ({ arrow, kind: 'index', value });

  test.each([
    ['', []],
    ['*', [{ kind: 'star' }]],
    ['id, name', [column('id'), column('name')]],
    ['a:id::text', [column('id', { alias: 'a', cast: 'text' })]],
    ['"a b:c","d\\"e"', [column('a b:c'), column('d"e')]],
    ['a-b,c_$1,é', [column('a-b'), column('c_$1'), column('é')]],
    ['x::double precision', [column('x', { cast: 'double precision' })]],
    ['data->a->>b', [column('data', { field: { name: 'data', path: [key('->', 'a'), key('->>', 'b')] } })]],
    ['data->0->>-1', [column('data', { field: { name: 'data', path: [index('->', '+0'), index('->>', '-1')] } })]],
    ['data->!@#$%25^%26*_a', [column('data', { field: { name: 'data', path: [key('->', '!@#$%^&*_a')] } })]],
    ['n.sum()::int', [column('n', { aggregate: 'sum', aggregateCast: 'int' })]],
    ['m:n::int.max()', [column('n', { alias: 'm', cast: 'int', aggregate: 'max' })]],
    [
      'n.count(),count(),c:count()::text',
      [
        column('n', { aggregate: 'count' }),
        { kind: 'count', alias: undefined, cast: undefined },
        { kind: 'count', alias: 'c', cast: 'text' },
      ],
    ],
    ['clients()', [embed('clients', [])]],
    [
      'c:clients!fk!inner(id,x(*))',
      [embed('clients', [column('id'), embed('x', [{ kind: 'star' }])], { alias: 'c', hint: 'fk', join: 'inner' })],
    ],
    ['clients!left!fk(*)', [embed('clients', [{ kind: 'star' }], { hint: 'fk', join: 'left' })]],
    ['...clients!fk(id)', [embed('clients', [column('id')], { hint: 'fk', spread: true })]],
    ['c(a->0)', [embed('c', [column('a', { field: { name: 'a', path: [key('->', '0')] } })])]],
    // What cannot even begin is an empty list, and what stands behind a whole list is not looked at.
    [',id', []],
    ['id)rest', [column('id')]],
  ])('%s', (select, expected) => {
    expect(parse(`select=${select}`).select).toEqual(expected);
  });

  test('nothing asked for is everything', () => {
    expect(parse('').select).toEqual([{ kind: 'star' }]);
  });
});

describe('filters', () => {
  const compare = (operator: string, value: string, quantifier?: string) => ({
    kind: 'compare',
    operator,
    quantifier,
    value,
  });
  test.each([
    ['eq.1', false, compare('eq', '1')],
    ['not.eq.1', true, compare('eq', '1')],
    ['eq."a"', false, compare('eq', '"a"')],
    ['gte(all).{1,2}', false, compare('gte', '{1,2}', 'all')],
    ['like(any).{a*,b*}', false, compare('like', '{a*,b*}', 'any')],
    ['eq.', false, compare('eq', '')],
    ['adj.[1,2]', false, compare('adj', '[1,2]')],
    ['is.NULL', false, { kind: 'is', value: 'null' }],
    ['is.Not_Null', false, { kind: 'is', value: 'not_null' }],
    ['isdistinct.x', false, { kind: 'distinct', value: 'x' }],
    ['fts(english).a%26b', false, { kind: 'fts', operator: 'fts', language: 'english', value: 'a&b' }],
    ['wfts.a', false, { kind: 'fts', operator: 'wfts', language: undefined, value: 'a' }],
    ['in.(1,"a,b","c\\"d")', false, { kind: 'in', values: ['1', 'a,b', 'c"d'] }],
    ['in.()', false, { kind: 'in', values: [''] }],
    ['in.(   )', false, { kind: 'in', values: [''] }],
    ['in.( ,3, 4)', false, { kind: 'in', values: ['', '3', ' 4'] }],
    ['in.("a"b,c)', false, { kind: 'in', values: ['"a"b', 'c'] }],
    ['in.("a', false, { kind: 'in', values: ['"a'] }],
  ])('%s', (value, negated, operation) => {
    if (value === 'in.("a') return expect(failure(`x=${value}`).details).toContain('expecting');
    const [filter] = parse(`x=${value}`).filters;
    expect(filter?.value).toEqual({ kind: 'filter', field: { name: 'x', path: [] }, negated, operation });
  });

  test('a key holds the embed path, the column and a JSON path', () => {
    const { filters } = parse('a.%22b.c%22.d->e->>0=eq.1');
    expect(filters[0]?.path).toEqual(['a', 'b.c']);
    expect(filters[0]?.value.field).toEqual({
      name: 'd',
      path: [
        { arrow: '->', kind: 'key', value: 'e' },
        { arrow: '->>', kind: 'index', value: '+0' },
      ],
    });
  });

  test('where arguments are possible, what is no filter is one', () => {
    const query = parse('id=3&name=eq.x&v=eqx&w=', true);
    expect(query.args).toEqual([
      ['id', '3'],
      ['v', 'eqx'],
      ['w', ''],
    ]);
    expect(query.filters).toHaveLength(1);
    expect(() => parse('a=is.x', true)).toThrow();
    expect(() => parse('a=not.x', true)).toThrow();
  });
});

describe('logic trees', () => {
  const leaf = (of: string, operator: string, value: string, negated = false) => ({
    kind: 'filter',
    field: { name: of, path: [] },
    negated,
    operation: { kind: 'compare', operator, quantifier: undefined, value },
  });
  test.each([
    ['or=(a.eq.1,b.gt.2)', [], 'or', false, [leaf('a', 'eq', '1'), leaf('b', 'gt', '2')]],
    ['or=( a.eq.1 , b.not.gt."x,y")', [], 'or', false, [leaf('a', 'eq', '1 '), leaf('b', 'gt', 'x,y', true)]],
    ['not.and=(a.cs.{1,2})', [], 'and', true, [leaf('a', 'cs', '{1,2}')]],
    ['c.d.not.or=(a.eq.1)', ['c', 'd'], 'or', true, [leaf('a', 'eq', '1')]],
    ['and=(android.eq.1,order.eq.2)', [], 'and', false, [leaf('android', 'eq', '1'), leaf('order', 'eq', '2')]],
    [
      'and=(not.or(a.eq.1,and(b.eq.2)),c.eq.3)',
      [],
      'and',
      false,
      [
        {
          kind: 'group',
          negated: true,
          operator: 'or',
          children: [
            leaf('a', 'eq', '1'),
            { kind: 'group', negated: false, operator: 'and', children: [leaf('b', 'eq', '2')] },
          ],
        },
        leaf('c', 'eq', '3'),
      ],
    ],
  ])('%s', (query, path, operator, negated, children) => {
    const [logic] = parse(query).logic;
    expect(logic).toEqual({ path, value: { kind: 'group', operator, negated, children } });
  });
});

describe('order and ranges', () => {
  test('terms', () => {
    const { order } = parse('order=a,b.desc.nullslast,c.nullsfirst,r(d->e).asc&x.y.order=z&order=ignored');
    expect(order.map(({ path }) => path)).toEqual([[], ['x', 'y'], []]);
    expect(order[0]?.value).toEqual([
      { relation: undefined, field: { name: 'a', path: [] }, direction: undefined, nulls: undefined },
      { relation: undefined, field: { name: 'b', path: [] }, direction: 'desc', nulls: 'nullslast' },
      { relation: undefined, field: { name: 'c', path: [] }, direction: undefined, nulls: 'nullsfirst' },
      {
        relation: 'r',
        field: { name: 'd', path: [{ arrow: '->', kind: 'key', value: 'e' }] },
        direction: 'asc',
        nulls: undefined,
      },
    ]);
  });

  test.each([
    ['limit=5&offset=10', 5, 10],
    ['limit=x&offset=-4', undefined, -1],
    ['limit=1&limit=2', 2, undefined],
    ['limit=-7', -1, undefined],
    ['limit=99999999999999999999', Number.MAX_SAFE_INTEGER, undefined],
  ])('%s', (query, limit, offset) => {
    expect(parse(query).ranges).toEqual([{ path: [], value: { limit, offset } }]);
  });

  test('each level has its own', () => {
    expect(parse('a.b.limit=1&offset=2').ranges).toEqual([
      { path: ['a', 'b'], value: { limit: 1, offset: undefined } },
      { path: [], value: { limit: undefined, offset: 2 } },
    ]);
  });
});

describe('query strings', () => {
  test.each([
    [
      'a=1&b=2;c=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
    ],
    ['a=b+c%20d', [['a', 'b c d']]],
    ['a=%zz%4', [['a', '%zz%4']]],
    ['a=%ff%C3%A9', [['a', '\ufffdé']]],
    [
      'a&b=',
      [
        ['a', undefined],
        ['b', ''],
      ],
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['&&', []],
  ])('%s', (query, expected) => {
    expect(parseParameters(query).map(({ name: n, value }) => [n, value])).toEqual(expected);
  });

  test.each([
    ['c=3&a=1&b', 'a=1&b=&c=3'],
    ['a=1&b=x&a=2', 'a=1,2&b=x'],
    ['select=*,a(b)&x=eq.a,b c', 'select=%2A%2Ca%28b%29&x=eq.a%2Cb%20c'],
    ['x=é', 'x=%C3%83%C2%A9'],
    ['x=-_.~', 'x=-_.~'],
  ])('canonical form of %s', (query, expected) => {
    expect(canonicalQuery(parseParameters(query))).toBe(expected);
  });

  test('columns are a sorted set, of reserved parameters the first counts', () => {
    const query = parse('columns="b c",a,a&columns=x&select=id&select=no&on_conflict=k,j');
    expect(query.columns).toEqual(['a', 'b c']);
    expect(query.onConflict).toEqual(['k', 'j']);
    expect(query.select).toHaveLength(1);
  });
});
