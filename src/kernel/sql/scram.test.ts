import { createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { scramVerifier } from './scram.ts';

describe('scramVerifier', () => {
  it('makes the keys of RFC 5803', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const verifier = await scramVerifier('pencil', salt);
    // The server key of the example exchange in RFC 7677.
    const serverKey = createHmac('sha256', pbkdf2Sync('pencil', salt, 4096, 32, 'sha256'))
      .update('Server Key')
      .digest();
    expect(verifier).toBe(
      `SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:${serverKey.toString('base64')}`,
    );
  });

  it('leaves passwords that need preparing to the server', async () => {
    expect(await scramVerifier('pässword')).toBeUndefined();
    expect(await scramVerifier('a\tb')).toBeUndefined();
    expect(await scramVerifier('')).toBeUndefined();
  });
});
