import { expect, test } from 'vitest';
import { policyHeaders } from './policy-headers.ts';

test('policies see the headers that begin with x-, but neither the key nor what only names the request', () => {
  const given = { accept: '*/*', 'x-secret': 'open', 'x-api-key': 'k', 'x-forwarded-for': '192.0.2.1' };
  const kept = { 'x-secret': 'open', 'x-forwarded-for': '192.0.2.1' };
  const [one, two] = ['a', 'b'].map((id) => policyHeaders({ ...given, 'x-request-id': id }));
  expect(JSON.parse(one as string)).toEqual(kept);
  // Identical questions are asked once, by their text.
  expect(two).toBe(one);
});

test('the order in which a client sends its headers makes no difference', () => {
  expect(policyHeaders({ 'x-b': '2', 'x-a': '1' })).toBe(policyHeaders({ 'x-a': '1', 'x-b': '2' }));
});
