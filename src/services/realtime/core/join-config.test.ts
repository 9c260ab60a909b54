import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinToken, parseJoin } from './join-config.ts';

test('what is left out has its default, what does not fit is left out', () => {
  expect(parseJoin({ config: {} }, 'x')).toEqual({
    ack: false,
    self: false,
    replay: undefined,
    replicationReady: false,
    presence: false,
    presenceKey: '',
    changes: [],
    isPrivate: false,
    resume: undefined,
    isLegacy: false,
  });
  const config = {
    broadcast: { ack: 'TRUE', self: 1, replay: { since: 5, limit: 99 } },
    presence: { key: 'k' },
    postgres_changes: [null, { event: '*' }],
    private: 'false',
    resume: { after: 'p' },
  };
  expect(parseJoin({ config }, 'x')).toMatchObject({
    ack: true,
    self: false,
    replay: { since: 5, limit: 25 },
    presence: true,
    presenceKey: 'k',
    changes: [{ event: '*' }],
    isPrivate: false,
    resume: { after: 'p' },
  });
  expect(parseJoin({ config: { presence: { enabled: false, key: 'k' } } }, 'x').presence).toBe(false);
});

test('a join without config is the old form: the topic says what to watch', () => {
  expect(parseJoin({}, 'public:todos:id=eq.1').changes).toEqual([
    { event: '*', schema: 'public', table: 'todos', filter: 'id=eq.1' },
  ]);
  expect(parseJoin({}, '*')).toMatchObject({ isLegacy: true, changes: [{ event: '*', schema: '*' }] });
});

test('whatever a stranger sends is taken', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (payload, name) => {
      expect(() => [
        parseJoin(payload, name),
        joinToken(payload, 'own'),
        parseJoin({ config: payload }, name),
      ]).not.toThrow();
    }),
  );
});

test('the token of a join', () => {
  expect(joinToken({}, 'own')).toBe('own');
  expect(joinToken({ access_token: 'a' }, 'own')).toBe('a');
  expect(joinToken({ access_token: 'a', user_token: 'u' }, 'own')).toBe('u');
  expect(joinToken({ access_token: 'sb_x', user_token: 'u' }, 'own')).toBe('own');
});
