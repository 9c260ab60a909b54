import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeKey, encodeKey } from './key-credential.ts';

it('keeps every key as it was', () => {
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
  fc.assert(
    fc.property(
      bytes(32),
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      bytes(16),
      fc.nat(),
      fc.boolean(),
      (id, publicKey, aaguid, counter, flag) => {
        const text = Buffer.from(aaguid).toString('hex');
        const key = {
          id: Buffer.from(id).toString('base64url'),
          publicKey: Buffer.from(publicKey),
          counter,
          transports: ['usb', 'nfc'],
          aaguid: [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
            '-',
          ),
          backupEligible: flag,
          backedUp: !flag,
          userVerified: flag,
        };
        expect(decodeKey(JSON.parse(JSON.stringify(encodeKey(key))))).toEqual(key);
      },
    ),
  );
});

it('finds no key where there is none', () => {
  for (const nothing of [null, undefined, {}, { id: 'x' }, { publicKey: 'x' }, { id: 5, publicKey: 5 }])
    expect(decodeKey(nothing as never)).toBeUndefined();
  expect(decodeKey({ id: 'AAAA', publicKey: 'AAAA' })).toMatchObject({ counter: 0, transports: [] });
});
