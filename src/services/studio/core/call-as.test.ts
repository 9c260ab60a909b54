import { expect, test } from 'vitest';
import { callToken } from './call-as.ts';

const id = '0b3f9a52-0000-4000-8000-00000000000a';
const tokens = {
  service: 'the service key',
  anon: 'the anon key',
  user: async (asked: string) => (asked === id ? "the user's token" : undefined),
};

test('a call speaks for the server unless it is asked to speak for somebody who may do less', async () => {
  expect(await callToken(undefined, tokens)).toEqual({ token: 'the service key' });
  expect(await callToken('service', tokens)).toEqual({ token: 'the service key' });
  expect(await callToken('anon', tokens)).toEqual({ token: 'the anon key' });
  expect(await callToken(`user:${id}`, tokens)).toEqual({ token: "the user's token" });
  expect(await callToken('none', tokens)).toEqual({ token: undefined });
  expect(await callToken('anon', { ...tokens, anon: undefined })).toEqual({ token: undefined });
});

test('who is not known speaks for nobody', async () => {
  for (const as of ['', 'owner', 'service_role', 'constructor', 'user', ['service', 'anon']])
    expect(await callToken(as, tokens)).toEqual({ token: undefined });
  for (const as of ['user:', 'user:service', `user:${id}x`, `user:${id.replace('a', 'b')}`])
    expect(await callToken(as, tokens)).toBe('no-user');
});
