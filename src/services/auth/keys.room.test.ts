import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

const newKey = () => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(),
  alg: 'ES256',
});
const signs = (key: object) => ({ ...key, key_ops: ['sign', 'verify'] });
const verifies = (key: object) => ({ ...key, key_ops: ['verify'] });
const withoutSecret = ({ d: _, ...rest }: ReturnType<typeof newKey>) => rest;

const email = 'ann@example.com';
const password = 'correct horse';
const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid as string;
const signIn = async ({ post }: AuthUnderTest): Promise<{ access_token: string; refresh_token: string }> =>
  (await post('/token?grant_type=password', { email, password })).body;

describe('rotation of signing keys', () => {
  it('signs nobody out, whichever keys a node has', async () => {
    const [first, second, third] = [newKey(), newKey(), newKey()];
    const db = await testDatabase();
    const node = (keys: readonly object[]) =>
      startAuth({ JWT_KEYS: JSON.stringify(keys), ENABLE_EMAIL_AUTOCONFIRM: 'true' }, db);
    const shared = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' }, db);
    await shared.post('/signup', { email, password });
    const early = await signIn(shared);
    const before = await node([signs(first), verifies(second)]);
    const after = await node([signs(second), verifies(third), verifies(withoutSecret(first))]);
    const [old, young] = [await signIn(before), await signIn(after)];
    expect([kidOf(old.access_token), kidOf(young.access_token)]).toEqual([first.kid, second.kid]);
    // Each node takes what the other signed, and what the shared secret signed before there were keys.
    for (const server of [before, after])
      for (const { access_token: token } of [old, young, early])
        expect((await server.request('GET', '/user', { token })).status).toBe(200);
    const again = await after.post('/token?grant_type=refresh_token', { refresh_token: old.refresh_token });
    expect(again.status).toBe(200);
    expect(kidOf(again.body.access_token)).toBe(second.kid);
    const jwks = await after.request('GET', '/.well-known/jwks.json');
    expect(jwks.body.keys.map(({ kid }: { kid: string }) => kid)).toEqual([second.kid, third.kid, first.kid]);
    expect(JSON.stringify(jwks.body)).not.toContain('"d"');
    expect(JSON.stringify(jwks.body)).not.toContain('"k"');
    // A key that is gone is gone.
    const later = await node([signs(third), verifies(withoutSecret(second))]);
    expect((await later.request('GET', '/user', { token: old.access_token })).body.code).toBe('bad_jwt');
    for (const server of [shared, before, after, later]) await server.stop();
    await db.drop();
  });
});
