import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createVerifier, loadKeySet, signHs256 } from '#kernel/jwt';
import { createTokenJudge } from './token.ts';

const secret = 'a secret of at least thirty-two characters';
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function judgeWith(keys: readonly object[]) {
  const set = await loadKeySet({ secret, jwks: { keys } } as never);
  const verifier = createVerifier({ keys: set, cacheEntries: 0, now: () => 0 });
  const judge = createTokenJudge({ verifier, required: {}, kept: 10, now: () => 0 });
  return async (header: object) => await judge.judge(`${part(header)}.${part({ role: 'anon', exp: 1 })}.c2ln`);
}

test('a key that nobody has is named where the token names it', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const verdict = await judgeWith([{ ...publicKey.export({ format: 'jwk' }), kid: 'known' }]);
  const hint = 'check your JWT secret or JWKS configuration';
  const refused = { code: 'JwtSignerError' };
  for (const header of [
    { alg: 'ES256', kid: 'key-id-1' },
    { alg: 'RS256', kid: 'key-id-1' },
  ]) {
    const message = `Failed to generate JWT signer for key ID (kid) "key-id-1", ${hint}`;
    expect(await verdict(header)).toEqual({ ...refused, message, atHandshake: message });
  }
  for (const header of [{ alg: 'RS256' }, { alg: 'RS256', kid: 7 }])
    expect(await verdict(header)).toMatchObject({ ...refused, message: `Failed to generate JWT signer, ${hint}` });
  const long = (await verdict({ alg: 'ES256', kid: 'x'.repeat(5_000) })) as { message: string };
  expect(long.message.length).toBeLessThan(400);
});

test('an unknown key of a symmetric token means the shared secret', async () => {
  const verdict = await judgeWith([]);
  expect(await verdict({ alg: 'HS256', kid: 'key-id-1' })).toMatchObject({ code: 'JwtSignatureError' });
  const set = await loadKeySet({ secret });
  const verifier = createVerifier({ keys: set, cacheEntries: 0, now: () => 0 });
  const judge = createTokenJudge({ verifier, required: {}, kept: 10, now: () => 0 });
  expect(judge.judge(signHs256({ role: 'anon', exp: 1 }, secret))).toMatchObject({ role: 'anon' });
});
