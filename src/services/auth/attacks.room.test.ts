import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth, testSecret } from './testing/auth-under-test.ts';

// What other files test beside the feature it belongs to is not repeated here: redirects (core/redirect), issuers (id-token),
// states (external, binding), links and forwarded hosts (one-time), guesses, refresh, enumeration, hooks, mail templates.

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const hmac = (text: string, key: string | Buffer): string => createHmac('sha256', key).update(text).digest('base64url');
const sign = (head: object, claims: object, key: string | Buffer): string => {
  const text = `${part(head)}.${part(claims)}`;
  return `${text}.${hmac(text, key)}`;
};

describe('tokens that somebody made', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = 'signing-key';
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', key_ops: ['sign', 'verify'] };
  const publicJwk = publicKey.export({ format: 'jwk' });
  const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string;
  let auth: AuthUnderTest;
  let good: string;
  let claims: Record<string, unknown>;

  beforeAll(async () => {
    auth = await startAuth({ JWT_KEYS: JSON.stringify([jwk]), ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    const { body } = await auth.post('/signup', { email: 'ann@example.com', password: 'correct horse' });
    good = body.access_token;
    claims = JSON.parse(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString());
  });
  afterAll(() => auth?.stop());

  const made: [string, () => string][] = [
    ['none', () => `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`],
    ['nOnE with the signature of another', () => `${part({ alg: 'nOnE', kid })}.${part(claims)}.${good.split('.')[2]}`],
    ['no algorithm', () => sign({ typ: 'JWT' }, claims, testSecret)],
    ['the public key as secret, as PEM', () => sign({ alg: 'HS256', kid }, claims, pem)],
    ['the public key as secret, as PEM without its end', () => sign({ alg: 'HS256', kid }, claims, pem.trim())],
    ['the public key as secret, as JWK', () => sign({ alg: 'HS256', kid }, claims, JSON.stringify(publicJwk))],
    [
      'the public key as secret, as DER',
      () => sign({ alg: 'HS256', kid }, claims, publicKey.export({ type: 'spki', format: 'der' })),
    ],
    ['the public key as secret, under no name', () => sign({ alg: 'HS256' }, claims, pem)],
    ['the shared secret under the name of the other key', () => sign({ alg: 'HS256', kid }, claims, testSecret)],
    ['a key of its own', () => sign({ alg: 'HS256', jwk: { kty: 'oct', k: 'eA' } }, claims, 'x')],
    ['an empty secret', () => sign({ alg: 'HS256' }, claims, '')],
    ['a name that is a path', () => sign({ alg: 'HS256', kid: '../../../../dev/null' }, claims, '')],
    ['a name that is SQL', () => sign({ alg: 'HS256', kid: "x' union select 'x" }, claims, 'x')],
    [
      'another algorithm over the same signature',
      () => `${part({ alg: 'ES512', kid })}.${good.split('.').slice(1).join('.')}`,
    ],
    ['another subject', () => `${good.split('.')[0]}.${part({ ...claims, sub: randomUUID() })}.${good.split('.')[2]}`],
    ['another role', () => `${good.split('.')[0]}.${part({ ...claims, role: 'service_role' })}.${good.split('.')[2]}`],
  ];

  it.each(made)('by %s open nothing', async (_name, make) => {
    for (const path of ['/user', '/admin/users'])
      expect(await auth.request('GET', path, { token: make() })).toMatchObject({
        status: 403,
        body: { code: 'bad_jwt' },
      });
  });

  it('are told from good ones: that key, and the shared secret under no name or another', async () => {
    expect((await auth.request('GET', '/user', { token: good })).status).toBe(200);
    for (const head of [{ alg: 'HS256' }, { alg: 'HS256', kid: 'another' }])
      expect((await auth.request('GET', '/user', { token: sign(head, claims, testSecret) })).status).toBe(200);
  });
});

describe('identifiers in paths', () => {
  let auth: AuthUnderTest;
  let id: string;
  let other: string;
  beforeAll(async () => {
    auth = await startAuth();
    const make = async (email: string) =>
      (await auth.post('/admin/users', { email, email_confirm: true }, { token: auth.serviceKey })).body.id;
    id = await make('ann@example.com');
    other = await make('bob@example.com');
  });
  afterAll(() => auth?.stop());

  /** A request whose path goes out as it is written. */
  const raw = (method: string, path: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(auth.url);
      const headers = { authorization: `Bearer ${auth.serviceKey}`, 'x-supabase-api-version': '2024-01-01' };
      httpRequest({ hostname, port, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      })
        .on('error', reject)
        .end();
    });

  const tricks = (): string[] => [
    `${id}/../${other}`,
    `${id}%2f..%2f${other}`,
    `..%2f..%2fuser`,
    `${id}%00`,
    `${id}%0a`,
    `${id}%20`,
    `%20${id}`,
    `${id}'`,
    `${id}' or '1'='1`.replaceAll(' ', '%20'),
    `{${id}}`,
    `urn:uuid:${id}`,
    id.replaceAll('-', ''),
    `${id}${other}`,
    '00000000-0000-0000-0000-000000000000',
    'null',
    '-',
    '%',
    '%ff%fe',
    '%C0%AE%C0%AE',
    'x'.repeat(5_000),
  ];

  it.each(['GET', 'PUT', 'DELETE'])('are UUIDs or nobody’s: %s', async (method) => {
    const before = await auth.db.query('select id, email, updated_at from auth.users order by email');
    for (const trick of tricks()) {
      const reply = await raw(method, `/admin/users/${trick}`);
      expect([trick, [400, 404, 405, 414].includes(reply.status)]).toEqual([trick, true]);
      expect(reply.text).not.toContain('example.com');
    }
    expect(await auth.db.query('select id, email, updated_at from auth.users order by email')).toEqual(before);
  });

  it('that are UUIDs find their user, in either case', async () => {
    for (const name of [id, id.toUpperCase()])
      expect(JSON.parse((await raw('GET', `/admin/users/${name}`)).text)).toMatchObject({
        id,
        email: 'ann@example.com',
      });
  });
});

describe('what is stored of secrets', () => {
  it('is in no answer, whoever asks', async () => {
    const auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true', SMTP_MAX_FREQUENCY: '0s' });
    const credentials = { email: 'ann@example.com', password: 'correct horse' };
    const { access_token: token, user } = (await auth.post('/signup', credentials)).body;
    const factor = await auth.post('/factors', { factor_type: 'totp', friendly_name: 'app' }, { token });
    await auth.post('/recover', { email: 'ann@example.com' });
    await auth.request('GET', '/reauthenticate', { token });
    await auth.request('PUT', '/user', { token, body: { email: 'ann2@example.com' } });
    const rows = await auth.db.query<{ secret: string }>(`
      select encrypted_password as secret from auth.users union select recovery_token from auth.users
      union select reauthentication_token from auth.users union select email_change_token_new from auth.users
      union select email_change_token_current from auth.users union select token_hash from auth.one_time_tokens
      union select secret from auth.mfa_factors`);
    const secrets = rows.map(({ secret }) => secret);
    expect(secrets).toContain(factor.body.totp.secret);
    expect(secrets.filter((secret) => secret.length >= 20).length).toBe(secrets.length);
    expect(secrets.length).toBeGreaterThanOrEqual(6);
    const admin = { token: auth.serviceKey };
    const answers = [
      await auth.request('GET', '/user', { token }),
      await auth.request('PUT', '/user', { token, body: { data: { a: 1 } } }),
      await auth.post('/token?grant_type=password', credentials),
      await auth.request('GET', '/admin/users', admin),
      await auth.request('GET', `/admin/users/${user.id}`, admin),
      await auth.request('PUT', `/admin/users/${user.id}`, { ...admin, body: { user_metadata: { b: 2 } } }),
      await auth.request('GET', `/admin/users/${user.id}/factors`, admin),
      await auth.request('GET', '/admin/audit?per_page=1000', admin),
      await auth.request('DELETE', `/factors/${factor.body.id}`, { token }),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      for (const secret of secrets) expect(JSON.stringify(body)).not.toContain(secret);
    }
    for (const line of auth.logLines()) for (const secret of secrets) expect(line).not.toContain(secret);
    await auth.stop();
  });
});
