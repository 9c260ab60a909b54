import { hash as argon2 } from '@node-rs/argon2';
import { hash as bcrypt } from '@node-rs/bcrypt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBloomFilter } from './bloom-filter.ts';
import { parsePasswordHash } from './password-hash.ts';
import { createPasswords } from './passwords.ts';

const passwords = createPasswords(2, 100);

// The example of Firebase's own description of its hashes.
const signerKey = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
const firebase = (hash: string, options = 'n=14,r=8,p=1') =>
  `$fbscrypt$v=1,${options},ss=Bw==,sk=${signerKey}$42xEC+ixf3L2lw==$${hash}`;
const rightHash = 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==';

describe('stored hashes', () => {
  it('of bcrypt fit under each of its names, at any cost', async () => {
    for (const version of ['2a', '2b', '2y'] as const) {
      const stored = await bcrypt('secret', { cost: 4, version });
      expect(await passwords.verify('secret', stored)).toBe(true);
      expect(await passwords.verify('Secret', stored)).toBe(false);
    }
    // From pgcrypto: crypt('password', gen_salt('bf')).
    expect(
      await passwords.verify('password', '$2a$06$Ro8WqxMb3oJ6n5kGkK4Mh.NWz9dwrrXK8tn4ZHBSM4ZDPkUOWcqbC'),
    ).toBeTypeOf('boolean');
  });

  it('of argon2id and argon2i fit', async () => {
    for (const algorithm of [1, 2]) {
      const stored = await argon2('secret', { algorithm, memoryCost: 64, timeCost: 1, parallelism: 1 });
      expect(stored).toMatch(algorithm === 2 ? /^\$argon2id\$/ : /^\$argon2i\$/);
      expect(await passwords.verify('secret', stored)).toBe(true);
      expect(await passwords.verify('Secret', stored)).toBe(false);
    }
    const d = await argon2('secret', { algorithm: 0, memoryCost: 64, timeCost: 1, parallelism: 1 });
    expect(parsePasswordHash(d)).toBeUndefined();
  });

  it('of Firebase fit', async () => {
    expect(await passwords.verify('user1password', firebase(rightHash))).toBe(true);
    expect(await passwords.verify('user2password', firebase(rightHash))).toBe(false);
    expect(await passwords.verify('user1password', firebase(rightHash.replace('lS', 'mS')))).toBe(false);
  });

  it.each([
    '',
    'plain',
    '$2a$10$short',
    '$2x$10$.LT255xs23OgXdS33SzvPupGmlhDyvly14WNuNZQ7vxSrnyA2uG62',
    '$2a$03$.LT255xs23OgXdS33SzvPupGmlhDyvly14WNuNZQ7vxSrnyA2uG62',
    '$argon2id$v=16$m=64,t=1,p=1$aasJ4FcDDqzAGhMWjJYYQw$7DjfI1VQsESm3yeMAPFJuQd0PHN7zr39wUA8Y1EcAgM',
    '$argon2id$v=19$m=1048577,t=1,p=1$aasJ4FcDDqzAGhMWjJYYQw$7DjfI1VQsESm3yeMAPFJuQd0PHN7zr39wUA8Y1EcAgM',
    '$argon2id$v=19$m=64,t=21,p=1$aasJ4FcDDqzAGhMWjJYYQw$7DjfI1VQsESm3yeMAPFJuQd0PHN7zr39wUA8Y1EcAgM',
    '$argon2id$v=19$m=4096,t=1,p=17$aasJ4FcDDqzAGhMWjJYYQw$7DjfI1VQsESm3yeMAPFJuQd0PHN7zr39wUA8Y1EcAgM',
    '$argon2id$v=19$m=0,t=0,p=0$aasJ4FcDDqzAGhMWjJYYQw$7DjfI1VQsESm3yeMAPFJuQd0PHN7zr39wUA8Y1EcAgM',
    firebase(rightHash, 'n=30,r=8,p=1'),
    firebase(rightHash, 'n=14,r=99,p=99'),
    firebase(rightHash, 'n=0,r=8,p=1'),
    firebase('not base64!'),
    firebase(''),
  ])('of other forms and costs are none: %s', async (text) => {
    expect(parsePasswordHash(text)).toBeUndefined();
    expect(await passwords.verify('', text)).toBe(false);
  });

  it('of any text are read or refused, never an error', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('$2a$', '$argon2id$v=19$', '$fbscrypt$v=1,', ''), (text, prefix) => {
        parsePasswordHash(prefix + text);
      }),
    );
  });
});

describe('bloom filter', () => {
  it('holds what was added, and seldom more', () => {
    const filter = createBloomFilter(1_000, 0.01);
    for (let index = 0; index < 1_000; index++) filter.add(`item ${index}`);
    for (let index = 0; index < 1_000; index++) expect(filter.has(`item ${index}`)).toBe(true);
    let wrong = 0;
    for (let index = 0; index < 10_000; index++) if (filter.has(`other ${index}`)) wrong++;
    expect(wrong).toBeLessThan(250);
    for (let index = 0; index < 100; index++) filter.add(`more ${index}`);
    expect(filter.has('more 99')).toBe(true);
    expect(Array.from({ length: 100 }, (_, index) => filter.has(`item ${index}`)).filter(Boolean).length).toBeLessThan(
      50,
    );
  });
});
