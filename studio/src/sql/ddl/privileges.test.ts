import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ColumnGrants,
  columnRights,
  grantsSql,
  hasRight,
  readGrants,
  toggleColumn,
  toggleWhole,
} from './privileges.ts';

const all = ['id', 'name', 'secret'];
const whole = readGrants([
  { name: null, right: 'select' },
  { name: 'name', right: 'update' },
  { name: null, right: 'trigger' },
]);

test('rows of the catalogue are gathered', () =>
  expect(whole).toEqual({ whole: ['select'], columns: { select: [], insert: [], update: ['name'], references: [] } }));

describe('statements', () => {
  test('nothing where nothing changed', () => expect(grantsSql('public', 't', 'anon', whole, whole)).toBe(''));
  test('a column is taken from the whole: the others stay', () =>
    expect(grantsSql('public', 't', 'an"on', whole, toggleColumn(whole, 'select', 'secret', all))).toBe(
      'revoke select on table "public"."t" from "an""on";\ngrant select ("id", "name") on table "public"."t" to "an""on";',
    ));
  test('columns come and go one by one; everybody is no role', () => {
    const after = toggleColumn(toggleColumn(whole, 'update', 'name', all), 'update', 'id', all);
    expect(grantsSql('s', 't', 'public', whole, after)).toBe(
      'revoke update ("name") on table "s"."t" from public;\ngrant update ("id") on table "s"."t" to public;',
    );
    expect(grantsSql('s', 't', 'public', whole, toggleWhole(whole, 'insert'))).toBe(
      'grant insert on table "s"."t" to public;',
    );
  });
});

test('whatever is toggled, replayed statements give what was wanted', () => {
  const right = fc.constantFrom(...columnRights);
  const toggles = fc.array(
    fc.oneof(
      fc.record({ right, column: fc.constantFrom(...all) }),
      fc.record({ right, column: fc.constant(undefined) }),
    ),
  );
  const apply = (
    grants: ColumnGrants,
    list: readonly { right: (typeof columnRights)[number]; column: string | undefined }[],
  ) =>
    list.reduce(
      (now, each) =>
        each.column === undefined ? toggleWhole(now, each.right) : toggleColumn(now, each.right, each.column, all),
      grants,
    );
  fc.assert(
    fc.property(toggles, toggles, (first, second) => {
      const before = apply({ whole: [], columns: { select: [], insert: [], update: [], references: [] } }, first);
      const after = apply(before, second);
      const table = new Set<string>(before.whole);
      const columns = new Set(columnRights.flatMap((each) => before.columns[each].map((name) => `${each} ${name}`)));
      for (const line of grantsSql('public', 't', 'anon', before, after).split('\n').filter(Boolean)) {
        const [, verb, of = '', list] = /^(grant|revoke) (\w+)(?: \((.*)\))? on/.exec(line) ?? [];
        const names = list?.split(', ').map((name) => `${of} ${name.slice(1, -1)}`);
        // As the server does it: what is revoked from the table is revoked from its columns (REVOKE, notes).
        const gone = names ?? all.map((name) => `${of} ${name}`);
        if (verb === 'revoke') for (const each of gone) columns.delete(each);
        if (verb === 'revoke' && !names) table.delete(of);
        if (verb === 'grant' && names) for (const each of names) columns.add(each);
        if (verb === 'grant' && !names) table.add(of);
      }
      for (const each of columnRights)
        for (const name of all)
          expect(table.has(each) || columns.has(`${each} ${name}`)).toBe(hasRight(after, each, name));
    }),
  );
});
