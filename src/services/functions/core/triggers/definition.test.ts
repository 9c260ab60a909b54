import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTrigger, renderTrigger } from './definition.ts';

test.each([
  [
    { function: 'one', cron: ' 0 3 * * * ' },
    { function: 'one', enabled: true, cron: '0 3 * * *', payload: null },
  ],
  [
    { function: 'one', enabled: false, table: 'public.Users', events: ['delete', 'insert'] },
    { function: 'one', enabled: false, table: 'public.Users', events: ['insert', 'delete'] },
  ],
  [
    { function: 'one', bucket: '*' },
    { function: 'one', enabled: true, bucket: '*', events: ['insert', 'update', 'delete'] },
  ],
])('%j', (written, shown) => expect(renderTrigger(parseTrigger('a-1', written))).toEqual(shown));

test.each([
  ['A', { function: 'one', cron: '* * * * *' }, 'name'],
  ['a'.repeat(41), { function: 'one', cron: '* * * * *' }, 'name'],
  ['a', [], 'object'],
  ['a', { function: '_shared', cron: '* * * * *' }, 'function'],
  ['a', { function: 'one' }, 'one of'],
  ['a', { function: 'one', cron: '* * * * *', table: 'a.b' }, 'one of'],
  ['a', { function: 'one', cron: '' }, 'schedule'],
  ['a', { function: 'one', cron: '* * * * *', events: ['insert'] }, 'events'],
  ['a', { function: 'one', table: 'users' }, 'schema.table'],
  ['a', { function: 'one', table: 'a.b', payload: 1 }, 'payload'],
  ['a', { function: 'one', table: 'a.b', events: [] }, 'events'],
  ['a', { function: 'one', table: 'a.b', events: ['truncate'] }, 'events'],
  ['a', { function: 'one', bucket: 1 }, 'bucket'],
  ['a', { function: 'one', bucket: 'x', retries: 3 }, 'retries'],
])('%s %j is refused', (name, written, why) => expect(() => parseTrigger(name, written)).toThrow(why));

test('what is shown means the same when it is written', () => {
  const events = fc.option(fc.subarray(['insert', 'update', 'delete'], { minLength: 1 }), { nil: undefined });
  const source = fc.oneof(
    fc.record({ cron: fc.constantFrom('* * * * *', '30 seconds'), payload: fc.jsonValue() }),
    fc.record({ table: fc.constantFrom('public.a', 'b.C d'), events }),
    fc.record({ bucket: fc.constantFrom('*', 'images'), events }),
  );
  fc.assert(
    fc.property(source, fc.boolean(), (given, enabled) => {
      const definition = parseTrigger('t', { function: 'one', enabled, ...JSON.parse(JSON.stringify(given)) });
      expect(parseTrigger('t', renderTrigger(definition))).toEqual(definition);
    }),
  );
});
