import { expect, test } from 'vitest';
import { callToken } from './call-as.ts';

const tokens = { service: 'the service key', anon: 'the anon key' };

test('a call speaks for the server unless it is asked to speak for somebody who may do less', () => {
  expect(callToken(undefined, tokens)).toBe('the service key');
  expect(callToken('service', tokens)).toBe('the service key');
  expect(callToken('anon', tokens)).toBe('the anon key');
  expect(callToken('none', tokens)).toBeUndefined();
  expect(callToken('anon', { ...tokens, anon: undefined })).toBeUndefined();
});

test('who is not known speaks for nobody', () => {
  for (const as of ['', 'owner', 'service_role', 'constructor', ['service', 'anon']])
    expect(callToken(as, tokens)).toBeUndefined();
});
