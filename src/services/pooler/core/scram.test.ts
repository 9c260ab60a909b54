import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginScramLogin } from './scram-client.ts';
import { beginScram, type ScramChallenge } from './scram-server.ts';
import { hmac, parseSecret, type ScramVerifier, scramKeys, sha256, xor } from './secret.ts';

async function verifierOf(password: string, iterations = 5): Promise<ScramVerifier> {
  const salt = Buffer.from('0123456789abcdef');
  return { kind: 'scram', iterations, salt: salt.toString('base64'), ...(await scramKeys(password, salt, iterations)) };
}

async function exchange(verifier: ScramVerifier, password: string) {
  const login = beginScramLogin({ kind: 'password', password });
  const challenge = beginScram(verifier, login.clientFirst) as ScramChallenge;
  return { login, outcome: challenge.finish(await login.answer(challenge.serverFirst)) };
}

test('the example of RFC 7677', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const keys = await scramKeys('pencil', salt, 4096);
  const clientFirst = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
  const verifier: ScramVerifier = { kind: 'scram', iterations: 4096, salt: salt.toString('base64'), ...keys };
  const challenge = beginScram(verifier, clientFirst, '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0') as ScramChallenge;
  expect(challenge.serverFirst).toBe(
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  );
  expect(
    challenge.finish(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    ),
  ).toEqual({ ok: true, serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', clientKey: keys.clientKey });
});

test('right passwords get in and give the key that logs in elsewhere; wrong ones do not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), async (password, other) => {
      const verifier = await verifierOf(password);
      const { login, outcome } = await exchange(verifier, password);
      if (!outcome.ok) throw new Error(outcome.why);
      expect(login.isGenuine(outcome.serverFinal)).toBe(true);
      expect(sha256(outcome.clientKey)).toEqual(verifier.storedKey);
      // With the recovered key, no password.
      const second = beginScramLogin({ kind: 'scram', clientKey: outcome.clientKey, serverKey: verifier.serverKey });
      const challenge = beginScram(verifier, second.clientFirst) as ScramChallenge;
      expect(challenge.finish(await second.answer(challenge.serverFirst)).ok).toBe(true);
      if (other.normalize('NFKC') !== password.normalize('NFKC'))
        expect((await exchange(verifier, other)).outcome).toEqual({ ok: false, why: 'wrong' });
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['p=tls-server-end-point,,n=,r=abc', 'channel-binding'],
  ['n=x,,n=,r=abc', 'malformed'],
  ['n,a=other,n=,r=abc', 'malformed'],
  ['n,,m=ext,n=,r=abc', 'malformed'],
  ['n,,n=,r=', 'malformed'],
  ['n,,n=,r=a\u0001', 'malformed'],
  ['', 'malformed'],
])('client-first %j is refused', async (clientFirst, refused) => {
  expect(beginScram(await verifierOf('x'), clientFirst)).toEqual({ refused });
});

test('a proof for another nonce, another header or of another length is refused', async () => {
  const verifier = await verifierOf('x');
  const challenge = beginScram(verifier, 'y,,n=,r=abc', 'def') as ScramChallenge;
  const proof = (withoutProof: string) => {
    const keys = { storedKey: verifier.storedKey };
    return xor(Buffer.alloc(32), hmac(keys.storedKey, withoutProof)).toString('base64');
  };
  expect(challenge.finish(`c=biws,r=abcdef,p=${proof('')}`)).toEqual({ ok: false, why: 'channel-binding' });
  expect(challenge.finish(`c=eSws,r=abcxyz,p=${proof('')}`)).toEqual({ ok: false, why: 'malformed' });
  expect(challenge.finish('c=eSws,r=abcdef,p=AAAA')).toEqual({ ok: false, why: 'malformed' });
  expect(challenge.finish('c=eSws,r=abcdef')).toEqual({ ok: false, why: 'malformed' });
});

test('nothing that a client sends makes it throw', async () => {
  const verifier = await verifierOf('x');
  fc.assert(
    fc.property(fc.string(), fc.string(), (first, final) => {
      beginScram(verifier, first);
      (beginScram(verifier, 'n,,n=,r=abc') as ScramChallenge).finish(final);
    }),
  );
});

test('a server that plays tricks is not answered', async () => {
  const login = beginScramLogin({ kind: 'password', password: 'x' }, 'mine');
  for (const serverFirst of [
    'r=other,s=AAAA,i=1',
    'r=mine,s=AAAA,i=1',
    'r=mine2,s=AAAA,i=0',
    'r=mine2,s=AAAA,i=99999999',
    'x',
  ])
    await expect(login.answer(serverFirst)).rejects.toThrow(/the server/);
  expect(login.isGenuine('v=AAAA')).toBe(false);
});

test('stored secrets', () => {
  const scram = `SCRAM-SHA-256$4096:c2FsdA==$${Buffer.alloc(32, 1).toString('base64')}:${Buffer.alloc(32, 2).toString('base64')}`;
  expect(parseSecret(scram)).toEqual({
    kind: 'scram',
    iterations: 4096,
    salt: 'c2FsdA==',
    storedKey: Buffer.alloc(32, 1),
    serverKey: Buffer.alloc(32, 2),
  });
  expect(parseSecret(`md5${'a'.repeat(32)}`)).toEqual({ kind: 'md5', digest: 'a'.repeat(32) });
  for (const text of ['', 'plain', 'md5short', scram.replace('4096', '0'), scram.slice(0, -2)])
    expect(parseSecret(text)).toBeUndefined();
});
