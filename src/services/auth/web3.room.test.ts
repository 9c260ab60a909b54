import { generateKeyPairSync, sign } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { base58 } from '@scure/base';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recoverAddress } from './core/web3/ethereum.ts';
import { parseWalletMessage } from './core/web3/message.ts';
import { isSignedBySolana } from './core/web3/solana.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

const secretKey = Uint8Array.from({ length: 32 }, (_v, i) => i + 1);
const publicKey = secp256k1.getPublicKey(secretKey, false);
const address = `0x${Buffer.from(keccak_256(publicKey.subarray(1)).subarray(12)).toString('hex')}`;
const digestOf = (text: string) => {
  const body = Buffer.from(text);
  return keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${body.length}`), body]));
};
function personalSign(text: string): string {
  const recovered = secp256k1.sign(digestOf(text), secretKey, { prehash: false, format: 'recovered' });
  return `0x${Buffer.from([...recovered.subarray(1), (recovered[0] as number) + 27]).toString('hex')}`;
}
const solana = generateKeyPairSync('ed25519');
const account = base58.encode(Buffer.from(String(solana.publicKey.export({ format: 'jwk' }).x), 'base64url'));
const solanaSign = (bytes: string | Buffer) => sign(null, Buffer.from(bytes), solana.privateKey).toString('base64url');

let auth: AuthUnderTest;
beforeAll(async () => {
  auth = await startAuth({
    GOTRUE_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
    GOTRUE_EXTERNAL_WEB3_SOLANA_ENABLED: 'true',
    ADDITIONAL_REDIRECT_URLS: 'http://localhost:3000/**,http://wallet.example.com/**',
  });
});
afterAll(() => auth.stop());
beforeEach(() => auth.db.query('delete from auth.users'));

const at = (shift = 0) => new Date(auth.now() + shift).toISOString();
function ethereumMessage(changes: Record<string, string | undefined> = {}): string {
  const fields = {
    URI: 'https://example.com/login',
    Version: '1',
    'Chain ID': '1',
    Nonce: 'abcdefgh',
    'Issued At': at(),
    ...changes,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || name === name.toLowerCase() ? [] : [`${name}: ${value}`],
  );
  const head = `${changes.domain ?? 'example.com'} wants you to sign in with your Ethereum account:\n${changes.address ?? address}`;
  return `${head}\n\n${changes.statement ?? 'I accept.'}\n\n${lines.join('\n')}`;
}
const solanaMessage = () =>
  `example.com wants you to sign in with your Solana account:\n${account}\n\nVersion: 1\nURI: https://example.com/\nIssued At: ${at()}\nResources\n- https://example.com/tos`;
const grant = (chain: string, message: string, signature: string) =>
  auth.post('/token?grant_type=web3', { chain, message, signature });
const ethereum = (message: string) => grant('ethereum', message, personalSign(message));

describe('wallets', () => {
  it('of Ethereum sign in, again as the same user', async () => {
    const first = await ethereum(ethereumMessage());
    expect(first.status).toBe(200);
    expect(first.body.user).toMatchObject({
      email: '',
      app_metadata: { provider: 'web3', providers: ['web3'] },
      user_metadata: {
        custom_claims: { address, chain: 'ethereum', network: '1', domain: 'example.com', statement: 'I accept.' },
      },
      identities: [{ provider: 'web3', id: `web3:ethereum:${address}` }],
    });
    const claims = JSON.parse(Buffer.from(first.body.access_token.split('.')[1], 'base64url').toString());
    expect(claims.amr).toMatchObject([{ method: 'web3' }]);
    const second = await ethereum(
      ethereumMessage({ Nonce: 'hgfedcba', address: address.toUpperCase().replace('0X', '0x') }),
    );
    expect(second.body.user.id).toBe(first.body.user.id);
  });

  it('of Solana sign in, plainly and by hardware', async () => {
    const message = solanaMessage();
    const first = await grant('solana', message, solanaSign(message));
    expect(first.body.user.identities).toMatchObject([{ id: `web3:solana:${account}` }]);
    auth.advance(1_000);
    const again = Buffer.from(solanaMessage());
    const length = Buffer.alloc(2);
    length.writeUInt16LE(again.length);
    const envelope = Buffer.concat([Buffer.from([0xff]), Buffer.from('solana offchain\0\0'), length, again]);
    const second = await grant('solana', again.toString(), solanaSign(envelope));
    expect(second.body.user?.id).toBe(first.body.user.id);
  });

  it('sign for one use, whatever the signature looks like', async () => {
    const message = ethereumMessage();
    const [one, two] = await Promise.all([ethereum(message), ethereum(message)]);
    expect([one.status, two.status].sort()).toEqual([200, 400]);
    const signature = personalSign(message);
    const s = BigInt(`0x${signature.slice(66, 130)}`);
    const twin = (secp256k1.Point.Fn.ORDER - s).toString(16).padStart(64, '0');
    const flipped = `${signature.slice(0, 66)}${twin}${signature.endsWith('1b') ? '1c' : '1b'}`;
    expect((await grant('ethereum', message, flipped)).body.error).toBe('invalid_grant');
  });
});

describe('messages that do not hold', () => {
  it.each<[string, () => string]>([
    ['too old', () => ethereumMessage({ 'Issued At': at(-601_000) })],
    ['of the future', () => ethereumMessage({ 'Issued At': at(120_000) })],
    ['expired, without Not Before', () => ethereumMessage({ 'Expiration Time': at(-1_000) })],
    ['not valid yet', () => ethereumMessage({ 'Not Before': at(60_000) })],
    ['without a time', () => ethereumMessage({ 'Issued At': undefined })],
    ['with a time that is none', () => ethereumMessage({ 'Issued At': 'yesterday' })],
    ['for another site', () => ethereumMessage({ URI: 'https://evil.example/', domain: 'evil.example' })],
    ['with a domain that is not its URI', () => ethereumMessage({ domain: 'evil.example' })],
    ['without TLS', () => ethereumMessage({ URI: 'http://wallet.example.com/x', domain: 'wallet.example.com' })],
    ['of another version', () => ethereumMessage({ Version: '2' })],
    ['with a field twice', () => `${ethereumMessage()}\nURI: https://example.com/`],
    ['with a line of its own', () => `${ethereumMessage()}\nhello`],
    ['with a statement of two lines', () => ethereumMessage({ statement: 'a\nURI: https://example.com/' })],
    ['with another address', () => ethereumMessage({ address: `0x${'1'.repeat(40)}` })],
  ])('%s', async (_name, make) => {
    const { status, body } = await ethereum(make());
    expect([status, body.error]).toEqual([400, 'invalid_grant']);
    expect(await auth.db.query('select id from auth.users')).toEqual([]);
  });

  it('signatures of any shape are refused without a crash', async () => {
    const message = ethereumMessage();
    const good = personalSign(message);
    const bytes = fc
      .uint8Array({ minLength: 0, maxLength: 70 })
      .map((value) => `0x${Buffer.from(value).toString('hex')}`);
    const recovery = fc.nat({ max: 255 }).map((value) => good.slice(0, -2) + value.toString(16).padStart(2, '0'));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          bytes,
          fc.string(),
          recovery,
          fc.constant(`0x${'00'.repeat(65)}`),
          fc.constant(`0x${'ff'.repeat(65)}`),
        ),
        async (signature) => {
          const found = await recoverAddress(message, signature);
          if (found === address) expect([0, 1, 27, 28]).toContain(Number.parseInt(signature.slice(-2), 16));
          expect(await isSignedBySolana(message, account, signature)).toBe(false);
          expect(await isSignedBySolana(message, signature, solanaSign(message))).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
    expect((await grant('solana', solanaMessage(), 'x')).body.error).toBe('invalid_grant');
  });

  it('texts of any shape are refused without a crash', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('', 'URI: x', 'Version: 1', 'Resources:', '- a', 'Issued At: 2020-01-01T00:00:00Z'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        try {
          const parsed = parseWalletMessage(
            ['x.y wants you to sign in with your Ethereum account:', ...lines].join('\n'),
            'Ethereum',
          );
          expect(parsed.uri).not.toBe('');
        } catch (error) {
          expect((error as Error).constructor).toBe(Error);
        }
      }),
    );
  });

  it.each([
    ['bitcoin', 'x'.repeat(100), 'web3_unsupported_chain'],
    ['', 'x'.repeat(100), 'web3_unsupported_chain'],
    ['ethereum', 'short', 'validation_failed'],
    ['ethereum', 'x'.repeat(20_481), 'validation_failed'],
  ])('%s %#', async (chain, message, code) => {
    const { status, body } = await grant(chain, message, '0x');
    expect([status, body.code]).toEqual([400, code]);
  });

  it('chains that are off', async () => {
    const one = await startAuth({ GOTRUE_EXTERNAL_WEB3_SOLANA_ENABLED: 'true' }, auth.db);
    try {
      const { status, body } = await one.post('/token?grant_type=web3', {
        chain: 'ethereum',
        message: 'x'.repeat(100),
      });
      expect([status, body.code]).toEqual([422, 'web3_provider_disabled']);
    } finally {
      await one.stop();
    }
  });
});
