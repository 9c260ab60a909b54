import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, createRedactor } from '#kernel/log';
import { createCodeHasher, newCode, pkcePrefix } from './one-time-code.ts';
import { parsePasswordHash } from './password-hash.ts';
import { findWeakness, parseRequiredCharacters } from './password-rules.ts';
import { standInHash } from './password-stand-in.ts';
import type { HashJob } from './password-worker.ts';
import { createPasswords } from './passwords.ts';
import { readChallenge, verifierFits } from './pkce.ts';
import { newRefreshToken } from './secret-values.ts';

const silent = createLogger({ level: 'silent', redact: createRedactor([]) });

describe('one-time codes', () => {
  const hasher = createCodeHasher('a-secret-of-at-least-thirty-two-characters');

  it('stores 56 hex digits that depend on address, code and secret', () => {
    const stored = hasher.hash('a@b.c', '123456');
    expect(stored).toMatch(/^[0-9a-f]{56}$/);
    expect(createCodeHasher('another-secret').hash('a@b.c', '123456')).not.toBe(stored);
    expect(stored).not.toBe(createHash('sha224').update('a@b.c123456').digest('hex'));
  });

  it('knows its codes with and without the mark of PKCE, and those another server stored', () => {
    fc.assert(
      fc.property(
        fc.emailAddress(),
        fc.integer({ min: 0, max: 999_999 }),
        fc.integer({ min: 0, max: 999_999 }),
        (a, b, c) => {
          const [code, other] = [String(b).padStart(6, '0'), String(c).padStart(6, '0')];
          const stored = hasher.hash(a, code);
          expect(hasher.fits(stored, a, code)).toBe(true);
          expect(hasher.fits(pkcePrefix + stored, a, code)).toBe(true);
          expect(
            hasher.fits(
              createHash('sha224')
                .update(a + code)
                .digest('hex'),
              a,
              code,
            ),
          ).toBe(true);
          if (code !== other) expect(hasher.fits(stored, a, other)).toBe(false);
        },
      ),
    );
    expect(hasher.fits('', 'a@b.c', '')).toBe(false);
    expect(hasher.fits(pkcePrefix, 'a@b.c', '')).toBe(false);
  });

  it('makes codes of 6 to 10 digits', () => {
    for (const [asked, made] of [
      [6, 6],
      [8, 8],
      [10, 10],
      [5, 6],
      [11, 6],
    ] as const)
      expect(newCode(asked)).toMatch(new RegExp(`^\\d{${made}}$`));
  });
});

describe('generated secrets', () => {
  it('are base32 refresh tokens of 12 characters that do not repeat', () => {
    const tokens = new Set(Array.from({ length: 1_000 }, newRefreshToken));
    expect(tokens.size).toBe(1_000);
    for (const token of tokens) expect(token).toMatch(/^[a-z2-7]{12}$/);
  });

  it('are hashes that no password leads to, in the form of one', async () => {
    const hashes = new Set(Array.from({ length: 100 }, standInHash));
    expect(hashes.size).toBe(100);
    for (const hash of hashes) expect(parsePasswordHash(hash)).toEqual({ kind: 'bcrypt', text: hash });
    // Salt and digest end in characters with unused bits, which real hashes leave at nought.
    for (const hash of hashes) expect(hash).toMatch(/^\$2a\$10\$.{21}[.Oeu].{30}[.CGKOSWaeimquy26]$/);
    const passwords = createPasswords(1, 2);
    expect(await passwords.verify('', standInHash())).toBe(false);
    passwords.close();
  });
});

describe('password rules', () => {
  it('have sets of characters, divided by colons', () => {
    expect(parseRequiredCharacters('abc:ABC:0123:\\:!')).toEqual(['abc', 'ABC', '0123', ':!']);
  });

  it('name what is lacking', async () => {
    const rules = { minLength: 6, requiredSets: ['abc', '123'] };
    expect((await findWeakness('a', rules, silent))?.reasons).toEqual(['length', 'characters']);
    expect((await findWeakness('abcdef', rules, silent))?.reasons).toEqual(['characters']);
    expect(await findWeakness('abc123', rules, silent)).toBeUndefined();
    expect((await findWeakness('12345', { minLength: 6, requiredSets: [] }, silent))?.message).toBe(
      'Password should be at least 6 characters.',
    );
  });
});

describe('passwords', () => {
  const passwords = createPasswords(1, 2);

  it('are hashed so that pgcrypto can check them', async () => {
    const stored = await passwords.hash('correct horse');
    expect(stored).toMatch(/^\$2a\$10\$/);
    expect(parsePasswordHash(stored)?.kind).toBe('bcrypt');
    expect(await passwords.verify('correct horse', stored)).toBe(true);
    expect(await passwords.verify('wrong horse', stored)).toBe(false);
  });

  it('do the same work for nobody as for somebody', async () => {
    const jobs: HashJob[] = [];
    const watched = createPasswords(1, 2, 0, () => ({ run: async (job) => jobs.push(job), end: () => {} }));
    const stored = await passwords.hash('x');
    for (const hash of [stored, null, 'not a hash', '']) expect(await watched.verify('y', hash)).toBe(false);
    watched.close();
    const costOf = (job: HashJob) => job.kind === 'bcrypt' && parsePasswordHash(job.stored) && job.stored.slice(0, 7);
    expect(jobs.map(costOf)).toEqual(Array(4).fill('$2a$10$'));
  });

  it('are refused with 429 when too many wait', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.verify('y', null)));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(refused[0]?.reason).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(await passwords.verify('y', null)).toBe(false);
  });
});

describe('PKCE', () => {
  const verifier = 'v'.repeat(43);
  const challenge = createHash('sha256').update(verifier).digest('base64url');

  it('takes both parameters or neither', () => {
    expect(readChallenge('', '')).toBeUndefined();
    expect(readChallenge(challenge, 'S256')).toEqual({ challenge, method: 's256' });
    expect(() => readChallenge(challenge, '')).toThrow('requires');
    expect(() => readChallenge('', 's256')).toThrow('requires');
    expect(() => readChallenge('short', 's256')).toThrow('between 43 and 128');
    expect(() => readChallenge('ä'.repeat(50), 's256')).toThrow('can only contain');
    expect(() => readChallenge(challenge, 's512')).toThrow('unsupported');
  });

  it('compares the verifier by method', () => {
    expect(verifierFits({ challenge, method: 's256' }, verifier)).toBe(true);
    expect(verifierFits({ challenge, method: 's256' }, challenge)).toBe(false);
    expect(verifierFits({ challenge: verifier, method: 'plain' }, verifier)).toBe(true);
    expect(verifierFits({ challenge: verifier, method: 'plain' }, 'w'.repeat(43))).toBe(false);
  });
});
