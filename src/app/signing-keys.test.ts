import { describe, expect, it } from 'vitest';
import { createSigner, createVerifier, loadKeySet } from '#kernel/jwt';
import { roleOf, rotateKeys, type SigningJwk, verificationSet } from './signing-keys.ts';

const secret = 'a-secret-of-at-least-thirty-two-characters';
const day = 86_400;
const rotate = (keys: readonly SigningJwk[], now: number) => rotateKeys(keys, secret, now, day);
const roles = (keys: readonly SigningJwk[]) => keys.map(roleOf);

const verifierOf = async (keys: readonly SigningJwk[]) =>
  createVerifier({ keys: await loadKeySet({ secret, keys: keys as never }), cacheEntries: 0, now: () => 0 });
const tokenOf = async (keys: readonly SigningJwk[]) =>
  (await createSigner(await loadKeySet({ secret, keys: keys as never }))).sign({ sub: 'x' });

describe('rotation of signing keys', () => {
  it('goes from standby to current to previous, and drops what nothing needs any more', () => {
    const first = rotate([], 1_000);
    expect(roles(first)).toEqual(['current', 'standby', 'shared']);
    const second = rotate(first, 2_000);
    expect(roles(second)).toEqual(['current', 'standby', 'previous', 'shared']);
    expect(second.map(({ kid }) => kid)).toEqual([first[1]?.kid, second[1]?.kid, first[0]?.kid, undefined]);
    expect(second[2]).toMatchObject({ retired_at: 2_000, key_ops: ['verify'] });
    expect(second[2]).not.toHaveProperty('d');
    const third = rotate(second, 3_000);
    expect(roles(third)).toEqual(['current', 'standby', 'previous', 'previous', 'shared']);
    const later = rotate(third, 2_000 + day + 1);
    expect(later.map(({ kid }) => kid)).not.toContain(first[0]?.kid);
    expect(later.map(({ kid }) => kid)).toContain(second[0]?.kid);
  });

  it('leaves every token good, at every node, before and after', async () => {
    const before = rotate([], 1_000);
    const after = rotate(before, 2_000);
    for (const [token, keys] of [
      [await tokenOf(before), after],
      // A node that still has the old keys knows the new one: it was on standby.
      [await tokenOf(after), before],
      [await tokenOf([]), after],
    ] as const)
      expect((await (await verifierOf(keys)).verify(token)).claims).toEqual({ sub: 'x' });
  });

  it('takes over a key that was made without a standby', () => {
    const [current, , shared] = rotate([], 1_000) as [SigningJwk, SigningJwk, SigningJwk];
    const next = rotate([current, shared], 2_000);
    expect(roles(next)).toEqual(['current', 'standby', 'previous', 'shared']);
    expect(next[2]?.kid).toBe(current.kid);
  });

  it('publishes no private part', () => {
    const { keys } = verificationSet(rotate(rotate([], 1_000), 2_000));
    expect(keys).toHaveLength(4);
    for (const key of keys) {
      expect(key).not.toHaveProperty('d');
      expect(key).not.toHaveProperty('retired_at');
    }
    expect(keys.at(-1)).toMatchObject({ kty: 'oct', alg: 'HS256' });
  });
});
