import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#kernel/errors';
import { printField, printLogic, printOperation, printOrder, printSelect } from './print.ts';
import { parseQuery } from './query.ts';
import { parseParameters } from './query-string.ts';
import type { Field, Filter, LogicTree, Operation, OrderTerm, SelectItem } from './tree.ts';

const options = { allowsArguments: false, maxDepth: 50 };
// Written without blanks at the ends, which count in quotes only; the printer quotes whatever is unusual.
const name = fc.oneof(
  fc.constantFrom('id', 'name', 'count', 'and', 'order', 'not', 'a-b', 'é', 'with space', 'do.t', '"', '\\', '*'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
);
const typeName = fc.constantFrom('text', 'int', 'double precision', 'timestamptz');
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const step = fc.record({
  arrow: fc.constantFrom('->' as const, '->>' as const),
  kind: fc.constant('key' as const),
  value: name,
});
const index = fc.record({
  arrow: fc.constantFrom('->' as const, '->>' as const),
  kind: fc.constant('index' as const),
  value: fc.integer({ min: -99, max: 99 }).map((n) => (n < 0 ? String(n) : `+${n}`)),
});
// An index that is last before a parenthesis would be read as a key, so paths end in keys here.
const path = fc.oneof(
  fc.constant([]),
  fc.tuple(fc.array(fc.oneof(step, index), { maxLength: 2 }), step).map(([front, last]) => [...front, last]),
);
const field: fc.Arbitrary<Field> = fc.record({ name, path });
// Behind a filter's field stands a dot, so its path may end in anything.
const filtered: fc.Arbitrary<Field> = fc.record({ name, path: fc.array(fc.oneof(step, index), { maxLength: 3 }) });

const columnItem = fc
  .record({
    kind: fc.constant('column' as const),
    field,
    alias: maybe(name),
    cast: maybe(typeName),
    aggregate: maybe(fc.constantFrom('sum' as const, 'avg' as const, 'count' as const, 'max' as const, 'min' as const)),
    aggregateCast: maybe(typeName),
  })
  .map((item) => (item.aggregate === undefined ? { ...item, aggregateCast: undefined } : item));
const countItem = fc.record({ kind: fc.constant('count' as const), alias: maybe(name), cast: maybe(typeName) });
const { items } = fc.letrec<{ items: SelectItem[]; embed: SelectItem }>((tie) => ({
  items: fc.array(
    fc.oneof(
      { maxDepth: 3, depthIdentifier: 'select' },
      fc.constant<SelectItem>({ kind: 'star' }),
      columnItem as fc.Arbitrary<SelectItem>,
      countItem as fc.Arbitrary<SelectItem>,
      tie('embed'),
    ),
    { maxLength: 4 },
  ),
  embed: fc
    .record({
      relation: name.filter((of) => of !== 'count'),
      alias: maybe(name),
      hint: maybe(name.filter((of) => of !== 'left' && of !== 'inner')),
      join: maybe(fc.constantFrom('left' as const, 'inner' as const)),
      spread: fc.boolean(),
      select: tie('items') as fc.Arbitrary<SelectItem[]>,
    })
    .map((of) => ({ kind: 'embed' as const, ...of, alias: of.spread ? undefined : of.alias })),
}));

const value = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !/[\ud800-\udfff]/u.test(text));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('compare' as const),
    operator: fc.constantFrom('eq' as const, 'gte' as const, 'like' as const, 'imatch' as const),
    quantifier: maybe(fc.constantFrom('any' as const, 'all' as const)),
    value,
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    operator: fc.constantFrom('neq' as const, 'cs' as const, 'nxl' as const),
    quantifier: fc.constant(undefined),
    value,
  }),
  fc.record({ kind: fc.constant('in' as const), values: fc.array(value, { minLength: 1, maxLength: 4 }) }),
  fc.record({
    kind: fc.constant('is' as const),
    value: fc.constantFrom('null' as const, 'not_null' as const, 'true' as const, 'unknown' as const),
  }),
  fc.record({ kind: fc.constant('distinct' as const), value }),
  fc.record({
    kind: fc.constant('fts' as const),
    operator: fc.constantFrom('fts' as const, 'wfts' as const),
    language: maybe(fc.constantFrom('english', 'pg_catalog')),
    value,
  }),
);
const filter: fc.Arbitrary<Filter> = fc.record({
  kind: fc.constant('filter' as const),
  field: filtered,
  negated: fc.boolean(),
  operation,
});
const { group } = fc.letrec<{ group: LogicTree }>((tie) => ({
  group: fc.record({
    kind: fc.constant('group' as const),
    negated: fc.boolean(),
    operator: fc.constantFrom('and' as const, 'or' as const),
    children: fc.array(fc.oneof({ maxDepth: 3, depthIdentifier: 'logic' }, filter, tie('group')), {
      minLength: 1,
      maxLength: 3,
    }),
  }) as fc.Arbitrary<LogicTree>,
}));
const order: fc.Arbitrary<OrderTerm[]> = fc.array(
  fc.record({
    relation: maybe(name),
    field,
    direction: maybe(fc.constantFrom('asc' as const, 'desc' as const)),
    nulls: maybe(fc.constantFrom('nullsfirst' as const, 'nullslast' as const)),
  }),
  { minLength: 1, maxLength: 4 },
);

const reserved = new Set(['order', 'limit', 'offset', 'and', 'or']);
const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

describe('what is printed is read back', () => {
  test('select lists', () => {
    fc.assert(
      fc.property(items, (tree) => {
        expect(parseQuery([{ name: 'select', value: printSelect(tree) }], options).select).toEqual(tree);
      }),
    );
  });

  test('filters, at the level they are about', () => {
    // The last word of a key may say that it is no filter; in quotes it never does.
    const path = fc.array(name, { maxLength: 2 });
    fc.assert(
      fc.property(path, filter, (levels, tree) => {
        const key = [...levels.map(quoted), quoted(tree.field.name)].join('.');
        const steps = printField({ ...tree.field, name: 'x' }).slice(1);
        const given = { name: `${key}${steps}`, value: printOperation(tree.negated, tree.operation) };
        fc.pre(!reserved.has(given.name.slice(given.name.lastIndexOf('.') + 1)));
        const { filters } = parseQuery([given], options);
        expect(filters).toEqual([{ path: levels, value: tree }]);
      }),
    );
  });

  test('logic trees', () => {
    fc.assert(
      fc.property(group, (tree) => {
        const printed = printLogic(tree);
        const key = printed.slice(0, printed.indexOf('('));
        const text = printed.slice(key.length);
        expect(parseQuery([{ name: key, value: text }], options).logic[0]?.value).toEqual(tree);
      }),
    );
  });

  test('orders', () => {
    fc.assert(
      fc.property(order, (terms) => {
        expect(parseQuery([{ name: 'order', value: printOrder(terms) }], options).order[0]?.value).toEqual(terms);
      }),
    );
  });
});

describe('whatever a stranger sends', () => {
  const grammarChar = fc.constantFrom(...'abio.,:()!*"\\->{}_ &=;%1andnotselectorder'.split(''));
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: grammarChar, maxLength: 60 }),
    fc.string({ unit: grammarChar, maxLength: 40 }).map((text) => `select=${text}`),
    fc.string({ unit: grammarChar, maxLength: 40 }).map((text) => `or=(${text})`),
    fc.string({ unit: grammarChar, maxLength: 40 }).map((text) => `order=${text}`),
    fc.string({ unit: grammarChar, maxLength: 40 }).map((text) => `${text}=eq.1`),
  );

  test('is parsed or refused with PGRST100', () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, allowsArguments) => {
        try {
          parseQuery(parseParameters(text), { allowsArguments, maxDepth: 50 });
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
          expect((error as ServiceError).code).toBe('PGRST100');
          expect((error as ServiceError).details).toMatch(/^(unexpected|nesting)/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
