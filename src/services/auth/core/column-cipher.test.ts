import { createCipheriv, hkdfSync, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnKeyError, createColumnCipher } from './column-cipher.ts';
import { openColumns } from './column-keys.ts';

const first = Buffer.alloc(32, 1).toString('base64url');
const second = Buffer.alloc(32, 2).toString('base64url');
const keys = new Map([['k1', first]]);
const both = new Map([...keys, ['k2', second] as const]);
const id = randomUUID();

describe('an encrypted column', () => {
  it('gives back what was put in, for its own row alone', () => {
    const cipher = createColumnCipher({ encryptWith: 'k1', keys });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uuid(), (bytes, row) => {
        const sealed = cipher.seal(row, Buffer.from(bytes));
        expect(cipher.open(row.toUpperCase(), sealed)).toEqual({ plain: Buffer.from(bytes), isStale: false });
        expect(() => cipher.open(id, sealed)).toThrow();
      }),
      { numRuns: 30 },
    );
    expect(cipher.seal(id, 'x')).not.toBe(cipher.seal(id, 'x'));
  });

  it('reads what the original wrote', () => {
    const key = Buffer.from(hkdfSync('sha256', Buffer.from(first, 'base64url'), '', id, 32));
    const nonce = Buffer.alloc(12, 9);
    const aes = createCipheriv('aes-256-gcm', key, nonce);
    const data = Buffer.concat([aes.update('data'), aes.final(), aes.getAuthTag()]);
    const stored = `{"key_id":"k1","alg":"aes-gcm-hkdf","data":"${data.toString('base64')}","nonce":"${nonce.toString('base64')}"}`;
    const cipher = createColumnCipher({ encryptWith: undefined, keys });
    expect(cipher.open(id, stored)).toEqual({ plain: Buffer.from('data'), isStale: false });
  });

  it('is stored anew when it is plain or of another key, and only then', () => {
    const [old, present] = ['k1', 'k2'].map((encryptWith) => createColumnCipher({ encryptWith, keys: both }));
    const sealed = old?.seal(id, 'x') ?? '';
    expect(old?.open(id, sealed).isStale).toBe(false);
    expect(present?.open(id, sealed)).toEqual({ plain: Buffer.from('x'), isStale: true });
    expect(present?.open(id, '$2a$10$plain').isStale).toBe(true);
    expect(createColumnCipher({ encryptWith: undefined, keys: both }).open(id, '$2a$10$plain').isStale).toBe(false);
  });

  it('is refused once it was changed, and without its key', () => {
    const cipher = createColumnCipher({ encryptWith: 'k1', keys });
    const envelope = JSON.parse(cipher.seal(id, 'secret'));
    const data = Buffer.from(envelope.data, 'base64');
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    expect(() => cipher.open(id, JSON.stringify({ ...envelope, data: data.toString('base64') }))).toThrow();
    const other = createColumnCipher({ encryptWith: undefined, keys: new Map([['k2', second]]) });
    expect(() => other.open(id, JSON.stringify(envelope))).toThrow(ColumnKeyError);
  });

  it('takes everything else as it is', () => {
    const cipher = createColumnCipher({ encryptWith: undefined, keys });
    for (const text of [
      '',
      '{{',
      '{}',
      'null',
      '{"key_id":1}',
      '{"key_id":"k1","alg":"different","data":"AQAB","nonce":"AQAB"}',
      '{"key_id":"k1","alg":"aes-gcm-hkdf","data":"AQAB","nonce":"AQAB"}',
    ])
      expect(cipher.open(id, text).plain.toString()).toBe(text);
  });

  it('leaves room for a hash of bcrypt under the longest name of a key', () => {
    const name = 'x'.repeat(64);
    const cipher = createColumnCipher({ encryptWith: name, keys: new Map([[name, first]]) });
    expect(cipher.seal(id, 'h'.repeat(60)).length).toBeLessThanOrEqual(255);
  });
});

describe('its settings', () => {
  const settings = { encryptColumns: true, encryptionKeyId: 'k1', encryptionKey: first, decryptionKeys: [] };

  it('are told apart from ones that cannot be used, without showing a key', () => {
    for (const [change, name] of [
      [{ encryptionKeyId: undefined }, 'ENCRYPTION_KEY_ID'],
      [{ encryptionKey: undefined }, 'ENCRYPTION_KEY'],
      [{ encryptionKey: 'short_key' }, 'ENCRYPTION_KEY'],
      [{ encryptionKey: '!!!' }, 'ENCRYPTION_KEY'],
      [{ decryptionKeys: [second] }, 'DECRYPTION_KEYS'],
      [{ decryptionKeys: [`k1:${second}`] }, 'DECRYPTION_KEYS'],
    ] as const) {
      const start = () => openColumns({ ...settings, ...change });
      expect(start).toThrow(
        expect.objectContaining({
          setting: `GOTRUE_SECURITY_DB_ENCRYPTION_${name}`,
          message: expect.not.stringContaining(second),
        }),
      );
    }
    expect(openColumns({ ...settings, decryptionKeys: [`k1:${first}`, `k2:${second}`] }).encrypts).toBe(true);
  });

  it('may only decrypt', () => {
    const cipher = openColumns({ ...settings, encryptColumns: false });
    expect(cipher.encrypts).toBe(false);
    expect(cipher.seal(id, 'x')).toBe('x');
    expect(cipher.open(id, openColumns(settings).seal(id, 'x')).plain.toString()).toBe('x');
  });
});
