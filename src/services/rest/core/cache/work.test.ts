import { describe, expect, test } from 'vitest';
import type { Catalog, KeyRow, RelationColumnsRow, RelationRow } from '../../sql/catalog-rows.ts';
import { columnCells, columnsOf } from '../../testing/catalog.ts';
import { schemaCacheWork } from './build.ts';
import { finish, forEach, inSlices, type Work } from './work.ts';

function* sum(items: readonly number[]): Work<number> {
  let total = 0;
  yield* forEach(items, (item) => {
    total += item;
  });
  return total;
}

describe('work', () => {
  const numbers = Array.from({ length: 5_000 }, (_, n) => n);

  test('gives the same in one go and in slices', async () => {
    expect(finish(sum(numbers))).toBe(12_497_500);
    expect(await inSlices(sum(numbers), 0)).toBe(12_497_500);
  });

  test('lets others have their turn, and fails as it would in one go', async () => {
    let turns = 0;
    let ticker = setImmediate(function tick() {
      turns++;
      ticker = setImmediate(tick);
    });
    await inSlices(
      (function* (): Work<void> {
        for (let stop = 0; stop < 50; stop++) yield;
      })(),
      0,
    );
    clearImmediate(ticker);
    expect(turns).toBeGreaterThan(20);
    const broken = (function* (): Work<void> {
      yield;
      throw new Error('broken');
    })();
    await expect(inSlices(broken, 0)).rejects.toThrow('broken');
  });
});

test('10,000 tables with 100,000 columns and 20,000 foreign keys can be left at every few hundred', () => {
  const count = 10_000;
  const relations: RelationRow[] = [];
  const columns: RelationColumnsRow[] = [];
  const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
  const keys: KeyRow[] = [];
  for (let table = 0; table < count; table++) {
    const relation = String(table);
    relations.push({ oid: relation, schema: 'public', name: `t${table}`, comment: null, kind: 'r', events: null });
    columns.push(
      columnsOf(
        relation,
        numbers.map((number) => columnCells(number, `c${number}`, 'text')),
      ),
    );
    const own = { relation, foreign_relation: null, foreign_numbers: null, foreign_columns: null };
    keys.push({ ...own, kind: 'p', name: `p${table}`, numbers: [1], columns: ['c1'] });
    for (const number of [2, 3])
      keys.push({
        ...own,
        kind: 'f',
        name: `f${table}_${number}`,
        numbers: [number],
        columns: [`c${number}`],
        foreign_relation: String((table * 7 + number) % count),
        foreign_numbers: [1],
        foreign_columns: ['c1'],
      });
  }
  const catalog: Catalog = {
    schemas: ['public'],
    relations,
    columns,
    keys,
    views: [],
    routines: [],
    computedRelationships: [],
    representations: [],
    mediaAggregates: [],
    roleSettings: [],
  };
  const work = schemaCacheWork(catalog, { hoistedSettings: [], timezones: new Set() });
  const started = performance.now();
  let [stops, longest, last] = [0, 0, started];
  for (;;) {
    const { done, value } = work.next();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!done) stops++;
    else {
      expect(value.tables.get('public')?.size).toBe(count);
      expect(value.tables.get('public')?.get('t9999')?.columns.size).toBe(10);
      expect(value.relationships.get('public')?.get('t0')?.length).toBeGreaterThan(1);
      break;
    }
  }
  expect(stops).toBeGreaterThan(100_000 / 250);
  // In one go it takes half a second on a quiet machine; how long that is here, the whole tells.
  expect(longest).toBeLessThan((performance.now() - started) / 3);
});
