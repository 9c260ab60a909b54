import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LoginEvent, type LoginState, loginStates, nextLoginState } from './login-states.ts';

const events = [...new Set(Object.values(loginStates).flatMap((row) => Object.keys(row)))] as LoginEvent[];

function run(sequence: readonly LoginEvent[]): { states: LoginState[]; accepted: LoginEvent[] } {
  const states: LoginState[] = ['greeting'];
  const accepted: LoginEvent[] = [];
  for (const event of sequence) {
    const next = nextLoginState(states.at(-1) as LoginState, event);
    if (!next) break;
    states.push(next);
    accepted.push(event);
  }
  return { states, accepted };
}

test('whatever happens in whatever order: one StartupMessage, and nobody serves without a proof', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 12 }), (sequence) => {
      const { states, accepted } = run(sequence);
      expect(accepted.filter((event) => event === 'startup').length).toBeLessThanOrEqual(1);
      if (states.includes('serving')) {
        const order = accepted.filter((event) => ['startup', 'password', 'opened'].includes(event));
        expect(order[0]).toBe('startup');
        expect(order.at(-1)).toBe('opened');
        expect(order).toContain('password');
      }
      expect(accepted.filter((event) => event === 'ssl-request').length).toBeLessThanOrEqual(1);
      expect(accepted.filter((event) => event === 'gss-request').length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2_000 },
  );
});

test('the ways of real clients', () => {
  const ends = (...sequence: LoginEvent[]) => run(sequence).states.at(-1);
  expect(
    ends('gss-request', 'ssl-request', 'refuse-ssl', 'startup', 'ask-sasl', 'password', 'password', 'opened'),
  ).toBe('serving');
  expect(ends('ssl-request', 'refuse-ssl', 'startup', 'ask-md5', 'password', 'opened')).toBe('serving');
  expect(ends('client-hello', 'secured', 'startup', 'ask-sasl', 'password', 'password', 'opened')).toBe('serving');
  expect(ends('ssl-request', 'secured', 'cancel-request')).toBe('closed');
});
