import { describe, expect, it } from 'vitest';
import { matchesDigest, secretDigest } from './digest.ts';

describe('secretDigest', () => {
  it('matches its own secret only, and never holds it', async () => {
    const digest = await secretDigest('a secret');
    expect(digest).not.toContain('a secret');
    expect(await matchesDigest('a secret', digest)).toBe(true);
    expect(await matchesDigest('another', digest)).toBe(false);
    expect(await matchesDigest('a secret', undefined)).toBe(false);
    expect(await matchesDigest('a secret', 'damaged')).toBe(false);
  });

  it('differs from time to time', async () => {
    expect(await secretDigest('a')).not.toBe(await secretDigest('a'));
  });
});
