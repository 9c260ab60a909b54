import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hash as argon2 } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { startAuth } from './testing/auth-under-test.ts';

/** A range API that knows some leaked passwords. */
async function rangeApi(leaked: readonly string[]) {
  const requests: { path: string; padding: unknown }[] = [];
  const state = { status: 200 };
  const digests = leaked.map((password) => createHash('sha1').update(password).digest('hex').toUpperCase());
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', padding: request.headers['add-padding'] });
    const prefix = (request.url ?? '').slice('/range/'.length);
    const lines = digests.filter((digest) => digest.startsWith(prefix)).map((digest) => `${digest.slice(5)}:7`);
    response.writeHead(state.status).end([...lines, `${'0'.repeat(35)}:0`].join('\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    state,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe('leaked passwords', () => {
  it('are refused at sign-up and by a change, and told at sign-in', async () => {
    const api = await rangeApi(['correct horse', 'old password']);
    const env = {
      GOTRUE_PASSWORD_HIBP_ENABLED: 'true',
      STACK_AUTH_HIBP_URL: api.url,
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
    };
    const auth = await startAuth(env);
    const refused = await auth.post('/signup', { email: 'ann@example.com', password: 'correct horse' });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'weak_password',
        message: 'Password is known to be weak and easy to guess, please choose a different one.',
        weak_password: { reasons: ['pwned'] },
      },
    });
    const both = await auth.post('/signup', { email: 'ann@example.com', password: 'short' });
    expect(both.body.weak_password.reasons).toEqual(['length']);
    const { body } = await auth.post('/signup', { email: 'ann@example.com', password: 'a fresh password' });
    const token = body.access_token as string;
    expect((await auth.request('PUT', '/user', { token, body: { password: 'old password' } })).status).toBe(422);
    // Made by an admin, whom nothing stops.
    await auth.request('POST', '/admin/users', {
      token: auth.serviceKey,
      body: { email: 'bob@example.com', password: 'old password', email_confirm: true },
    });
    const session = await auth.post('/token?grant_type=password', {
      email: 'bob@example.com',
      password: 'old password',
    });
    expect(session).toMatchObject({ status: 200, body: { weak_password: { reasons: ['pwned'] } } });
    // The API learns five digits of a digest, nothing else.
    for (const { path, padding } of api.requests) {
      expect(path).toMatch(/^\/range\/[0-9A-F]{5}$/);
      expect(padding).toBe('true');
    }
    await auth.stop();
    await api.stop();
  });

  it('pass while nobody can be asked, or fail where settings say so', async () => {
    const api = await rangeApi(['correct horse']);
    api.state.status = 503;
    const env = { GOTRUE_PASSWORD_HIBP_ENABLED: 'true', STACK_AUTH_HIBP_URL: api.url };
    const open = await startAuth(env);
    expect((await open.post('/signup', { email: 'ann@example.com', password: 'correct horse' })).status).toBe(200);
    expect(open.logLines().join('')).toContain('could not be held against leaked ones');
    expect(open.logLines().join('')).not.toContain('correct horse');
    await open.stop();
    const closed = await startAuth({ ...env, GOTRUE_PASSWORD_HIBP_FAIL_CLOSED: 'true' });
    expect(await closed.post('/signup', { email: 'ann@example.com', password: 'correct horse' })).toMatchObject({
      status: 500,
      body: { message: 'Unable to perform password strength check with HaveIBeenPwned.org.' },
    });
    await closed.stop();
    await api.stop();
  });

  it('are asked for once where a filter remembers them', async () => {
    const api = await rangeApi(['correct horse']);
    const auth = await startAuth({
      GOTRUE_PASSWORD_HIBP_ENABLED: 'true',
      GOTRUE_PASSWORD_HIBP_BLOOM_ENABLED: 'true',
      STACK_AUTH_HIBP_URL: api.url,
    });
    for (let index = 0; index < 3; index++)
      expect((await auth.post('/signup', { email: `a${index}@example.com`, password: 'correct horse' })).status).toBe(
        422,
      );
    expect(api.requests).toHaveLength(1);
    await auth.stop();
    await api.stop();
  });
});

describe('hashes from elsewhere', () => {
  const firebase =
    '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==';

  it('let their users in, stay as they are, and give way to a new password', async () => {
    const auth = await startAuth();
    const make = (email: string, password_hash: string) =>
      auth.request('POST', '/admin/users', {
        token: auth.serviceKey,
        body: { email, password_hash, email_confirm: true },
      });
    const signIn = (email: string, password: string) => auth.post('/token?grant_type=password', { email, password });
    const ours = await argon2('secret word', { memoryCost: 64, timeCost: 1, parallelism: 1 });
    expect((await make('a@example.com', ours)).status).toBe(200);
    expect((await make('f@example.com', firebase)).status).toBe(200);
    expect((await signIn('a@example.com', 'wrong')).body.code).toBe('invalid_credentials');
    const session = await signIn('a@example.com', 'secret word');
    expect(session.status).toBe(200);
    expect((await signIn('f@example.com', 'user1password')).status).toBe(200);
    expect(await auth.db.query(`select encrypted_password as p from auth.users order by email`)).toEqual([
      { p: ours },
      { p: firebase },
    ]);
    const token = session.body.access_token as string;
    expect((await auth.request('PUT', '/user', { token, body: { password: 'secret word' } })).body.code).toBe(
      'same_password',
    );
    expect((await auth.request('PUT', '/user', { token, body: { password: 'another word' } })).status).toBe(200);
    const [row] = await auth.db.query<{ p: string }>(
      `select encrypted_password as p from auth.users where email = 'a@example.com'`,
    );
    expect(row?.p).toMatch(/^\$2a\$10\$/);
    for (const bad of ['$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$YWFhYWFhYWFhYWFhYWFhYQ', '$2a$10$x', 'md5'])
      expect((await make('x@example.com', bad)).status).toBe(400);
    await auth.stop();
  });
});
