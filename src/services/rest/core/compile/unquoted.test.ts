import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planner, type Trial } from '../../testing/planning.ts';
import { printLogic, printName, printOperation, printOrder, printSelect } from '../grammar/print.ts';
import type { Field, Filter, JsonStep, Operation, SelectItem } from '../grammar/tree.ts';

// Everything a client says is marked. In a statement the mark may stand in quoted identifiers only; values are apart.
const mark = 'zqx';
const { compile } = planner({ PGRST_DB_AGGREGATES_ENABLED: 'true' });

const surroundings = fc.string({ unit: fc.constantFrom(...Array.from(`a"'\\$-;()*/. é,:{}%`)), maxLength: 6 });
const marked = fc.tuple(surroundings, surroundings).map(([before, behind]) => `${before}${mark}${behind}`);
const arrow = fc.constantFrom<JsonStep['arrow'][]>('->', '->>');
const step = fc.record({ arrow, kind: fc.constant('key' as const), value: marked });
const field: fc.Arbitrary<Field> = fc.record({ name: marked, path: fc.array(step, { maxLength: 2 }) });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('compare' as const),
    operator: fc.constantFrom('eq' as const, 'ilike' as const, 'cs' as const),
    quantifier: fc.constant(undefined),
    value: marked,
  }),
  fc.record({ kind: fc.constant('in' as const), values: fc.array(marked, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('fts' as const),
    operator: fc.constant('wfts' as const),
    language: fc.constant(mark),
    value: marked,
  }),
);
const filter: fc.Arbitrary<Filter> = fc.record({
  kind: fc.constant('filter' as const),
  field,
  negated: fc.boolean(),
  operation,
});
const column = fc.record({
  kind: fc.constant('column' as const),
  field,
  alias: fc.option(marked, { nil: undefined }),
  cast: fc.constant(undefined),
  aggregate: fc.constantFrom(undefined, 'max' as const),
  aggregateCast: fc.constant(undefined),
});
const embedded = (relation: string, items: SelectItem[], alias: string | undefined): SelectItem => ({
  kind: 'embed',
  relation,
  alias,
  hint: undefined,
  join: 'inner',
  spread: alias === undefined,
  select: items,
});

const trial: fc.Arbitrary<Trial> = fc
  .record({
    path: fc.constantFrom('/projects', '/rpc/get_projects'),
    method: fc.constantFrom('GET', 'PATCH', 'DELETE'),
    columns: fc.array(column, { minLength: 1, maxLength: 2 }),
    alias: fc.option(marked, { nil: undefined }),
    filters: fc.array(filter, { minLength: 1, maxLength: 2 }),
    tree: filter,
    order: fc.array(field, { minLength: 1, maxLength: 2 }),
    page: marked,
    count: fc.constantFrom('exact', 'planned', 'estimated'),
  })
  .map(({ path, method, columns, alias, filters, tree, order, page, count }) => {
    const select = [
      ...columns,
      embedded('clients', columns, alias),
      embedded(
        'tasks',
        columns.map((one) => ({ ...one, aggregate: undefined })),
        undefined,
      ),
    ];
    const terms = order.map((of) => ({ relation: undefined, field: of, direction: undefined, nulls: undefined }));
    const pairs: [string, string][] = [
      ['select', printSelect(select)],
      ['clients.or', `(${printLogic(tree)})`],
      ['order', printOrder(terms)],
      ['tasks.order', printOrder(terms)],
      ['limit', page],
      ...filters.map((one): [string, string] => [
        `${printName(one.field.name)}${one.field.path.map(({ arrow: by, value }) => `${by}${printName(value)}`).join('')}`,
        printOperation(one.negated, one.operation),
      ]),
    ];
    const query = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
    return {
      method: path.startsWith('/rpc') ? 'GET' : method,
      target: `${path}?${query}`,
      headers: { prefer: `return=representation, count=${count}, timezone=${mark}` },
      body: '{"name":"zqx"}',
    };
  });

const withoutQuoted = (sql: string): string => sql.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, '');

test('no statement holds what a client said outside of quotes', () => {
  let mentions = 0;
  fc.assert(
    fc.property(trial, (one) => {
      const { begin, steps } = compile(one);
      for (const text of [begin ?? '', ...steps.map((step) => step.text)]) {
        expect(withoutQuoted(text), one.target).not.toContain(mark);
        if (text.includes(mark)) mentions++;
      }
    }),
    { numRuns: 500 },
  );
  expect(mentions).toBeGreaterThan(0);
});

test('nor do the names of columns, conflicts and functions', () => {
  fc.assert(
    fc.property(marked, (name) => {
      const target = `/clients?on_conflict=${encodeURIComponent(printName(name))}`;
      const headers = { prefer: 'resolution=merge-duplicates' };
      for (const { text } of compile({ method: 'POST', target, headers, body: '[{"id":1}]' }).steps)
        expect(withoutQuoted(text)).not.toContain(mark);
    }),
  );
});
