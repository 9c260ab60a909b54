import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthUnderTest, type Reply, startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';
const credentials = { email: 'ann@example.com', password };

describe('refresh', () => {
  let auth: AuthUnderTest;
  let first: string;
  let sessionId: string;
  const refresh = (token: string): Promise<Reply> =>
    auth.post('/token?grant_type=refresh_token', { refresh_token: token });

  beforeAll(async () => {
    auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    await auth.post('/signup', credentials);
  });
  beforeEach(async () => {
    const reply = await auth.post('/token?grant_type=password', credentials);
    first = reply.body.refresh_token;
    sessionId = reply.headers.get('sb-auth-session-id') as string;
  });
  afterAll(() => auth?.stop());

  const family = () =>
    auth.db.query<{ token: string; parent: string; revoked: boolean }>(
      'select token, parent, revoked from auth.refresh_tokens where session_id = $1 order by id',
      [sessionId],
    );

  it('gives a new pair and keeps the session', async () => {
    const reply = await refresh(first);
    expect(reply.status).toBe(200);
    const second = reply.body.refresh_token;
    expect(second).not.toBe(first);
    expect(reply.headers.get('sb-auth-session-id')).toBe(sessionId);
    expect(reply.headers.get('sb-auth-refresh-token-rotated')).toBe('true');
    const claims = JSON.parse(Buffer.from(reply.body.access_token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ session_id: sessionId, amr: [{ method: 'password' }], aal: 'aal1' });
    expect(await family()).toEqual([
      { token: first, parent: '', revoked: true },
      { token: second, parent: first, revoked: false },
    ]);
    const [session] = await auth.db.query<{ late: number }>(
      `select abs(extract(epoch from (now() at time zone 'UTC') - refreshed_at))::float as late from auth.sessions where id = $1`,
      [sessionId],
    );
    expect(session?.late).toBeLessThan(60);
    const actions = await auth.db.query(
      `select payload ->> 'action' as action from auth.audit_log_entries order by created_at desc limit 2`,
    );
    expect(actions.map(({ action }) => action).sort()).toEqual(['token_refreshed', 'token_revoked']);
  });

  it('hands the active child out again to its parent, however late, and makes nothing new', async () => {
    const second = (await refresh(first)).body.refresh_token;
    auth.advance(6 * 3_600_000);
    const again = await refresh(first);
    expect(again).toMatchObject({ status: 200, body: { refresh_token: second } });
    expect(again.headers.get('sb-auth-refresh-token-reuse')).toBe('true');
    expect(await family()).toHaveLength(2);
  });

  it('revokes the whole family when a grandparent comes back, and that stays although the answer is an error', async () => {
    const second = (await refresh(first)).body.refresh_token;
    const third = (await refresh(second)).body.refresh_token;
    expect(await refresh(first)).toMatchObject({
      status: 400,
      body: { code: 'refresh_token_already_used', message: 'Invalid Refresh Token: Already Used' },
    });
    expect((await family()).every(({ revoked }) => revoked)).toBe(true);
    expect(await refresh(third)).toMatchObject({ status: 400, body: { code: 'refresh_token_already_used' } });
  });

  it('never forks: of a thousand at once all that get through get the same child', async () => {
    const replies = await Promise.all(Array.from({ length: 1_000 }, () => refresh(first)));
    const granted = replies.filter(({ status }) => status === 200);
    expect(granted.length).toBeGreaterThan(0);
    expect(new Set(granted.map(({ body }) => body.refresh_token)).size).toBe(1);
    // The others waited too long, or found no place in a queue; none was taken for a thief.
    const refused = new Set(replies.filter(({ status }) => status !== 200).map(({ status }) => status));
    for (const status of refused) expect([409, 503, 504]).toContain(status);
    const tokens = await family();
    expect(tokens).toHaveLength(2);
    expect(tokens.map(({ revoked }) => revoked)).toEqual([true, false]);
    expect((await refresh(tokens[1]?.token ?? '')).status).toBe(200);
  }, 60_000);

  it('never forks: two at once both get the same child', async () => {
    for (let round = 0; round < 5; round++) {
      const parent = (await family()).find(({ revoked }) => !revoked)?.token ?? '';
      const replies = await Promise.all([refresh(parent), refresh(parent)]);
      expect(replies.map(({ status }) => status)).toEqual([200, 200]);
      expect(replies[0]?.body.refresh_token).toBe(replies[1]?.body.refresh_token);
      expect(await family()).toHaveLength(round + 2);
      expect((await family()).filter(({ revoked }) => !revoked)).toHaveLength(1);
    }
  });

  it('never forks: fifty at once all get the same child', async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => refresh(first)));
    for (const reply of replies) expect([200, 409]).toContain(reply.status);
    const tokens = new Set(replies.filter(({ status }) => status === 200).map(({ body }) => body.refresh_token));
    expect(tokens.size).toBe(1);
    expect(replies.filter(({ status }) => status === 200).length).toBeGreaterThan(1);
    expect((await family()).filter(({ revoked }) => !revoked)).toHaveLength(1);
    expect(await family()).toHaveLength(2);
  });

  it('refuses what is no refresh token', async () => {
    expect(await refresh('')).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'refresh_token required' },
    });
    expect(await refresh('short')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', message: 'Refresh token is not valid' },
    });
    expect(await refresh('x'.repeat(300))).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(await refresh('aaaaaaaaaaaa')).toMatchObject({
      status: 400,
      body: { code: 'refresh_token_not_found', message: 'Invalid Refresh Token: Refresh Token Not Found' },
    });
  });

  it('refuses tokens of sessions that are gone, and removes orphans', async () => {
    await auth.db.query('delete from auth.sessions where id = $1', [sessionId]);
    expect(await refresh(first)).toMatchObject({ status: 400, body: { code: 'refresh_token_not_found' } });
    const [user] = await auth.db.query<{ id: string }>(`select id from auth.users where email = 'ann@example.com'`);
    await auth.db.query(
      `insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at) values ('00000000-0000-0000-0000-000000000000', 'orphanorphan', $1, false, now(), now())`,
      [user?.id],
    );
    expect(await refresh('orphanorphan')).toMatchObject({ status: 400, body: { code: 'session_not_found' } });
    expect(await auth.db.query(`select 1 from auth.refresh_tokens where token = 'orphanorphan'`)).toEqual([]);
  });

  it('leaves the time of last sign-in alone', async () => {
    const lastSignIn = () => auth.db.query(`select last_sign_in_at from auth.users where email = 'ann@example.com'`);
    const before = await lastSignIn();
    auth.advance(10_000);
    await refresh(first);
    expect(await lastSignIn()).toEqual(before);
  });
});

describe('session limits', () => {
  async function withLimits(
    env: Record<string, string>,
    work: (auth: AuthUnderTest, token: string) => Promise<void>,
  ): Promise<void> {
    const auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true', ...env });
    try {
      await work(auth, (await auth.post('/signup', credentials)).body.refresh_token);
    } finally {
      await auth.stop();
    }
  }
  const refresh = (auth: AuthUnderTest, token: string): Promise<Reply> =>
    auth.post('/token?grant_type=refresh_token', { refresh_token: token });
  const expired = (message: string) => ({
    status: 400,
    body: { code: 'session_expired', message: `Invalid Refresh Token: Session Expired${message}` },
  });

  it('end sessions after their timebox', () =>
    withLimits({ GOTRUE_SESSIONS_TIMEBOX: '1h' }, async (auth, token) => {
      auth.advance(50 * 60_000);
      const second = await refresh(auth, token);
      expect(second.status).toBe(200);
      auth.advance(20 * 60_000);
      expect(await refresh(auth, second.body.refresh_token)).toMatchObject(expired(''));
    }));

  it('end sessions that are not used', () =>
    withLimits({ GOTRUE_SESSIONS_INACTIVITY_TIMEOUT: '1h' }, async (auth, token) => {
      auth.advance(50 * 60_000);
      const second = await refresh(auth, token);
      expect(second.status).toBe(200);
      auth.advance(50 * 60_000);
      const third = await refresh(auth, second.body.refresh_token);
      expect(third.status).toBe(200);
      auth.advance(61 * 60_000);
      expect(await refresh(auth, third.body.refresh_token)).toMatchObject(expired(' (Inactivity)'));
    }));

  it('keep only the newest session of a user', () =>
    withLimits({ GOTRUE_SESSIONS_SINGLE_PER_USER: 'true' }, async (auth, token) => {
      auth.advance(1_000);
      const other = await auth.post('/token?grant_type=password', credentials);
      expect(await refresh(auth, token)).toMatchObject(expired(' (Revoked by Newer Login)'));
      expect(await refresh(auth, other.body.refresh_token)).toMatchObject({ status: 200 });
    }));

  it('give a second child within the reuse interval', () =>
    withLimits({ GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10' }, async (auth, token) => {
      const second = (await refresh(auth, token)).body.refresh_token;
      await refresh(auth, second);
      const again = await refresh(auth, token);
      expect(again.status).toBe(200);
      expect(again.headers.get('sb-auth-refresh-token-reuse-cause')).toBe('reuse_interval');
      await refresh(auth, again.body.refresh_token);
      auth.advance(11_000);
      expect(await refresh(auth, token)).toMatchObject({ body: { code: 'refresh_token_already_used' } });
    }));

  it('leave the family alone when rotation is off', () =>
    withLimits({ GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED: 'false' }, async (auth, token) => {
      const second = (await refresh(auth, token)).body.refresh_token;
      const third = (await refresh(auth, second)).body.refresh_token;
      expect(await refresh(auth, token)).toMatchObject({ status: 400, body: { code: 'refresh_token_already_used' } });
      expect(await refresh(auth, third)).toMatchObject({ status: 200 });
    }));

  it('refuse sessions that belong to a client of the OAuth server', () =>
    withLimits({}, async (auth, token) => {
      await auth.db.query(`
        insert into auth.oauth_clients (id, registration_type, redirect_uris, grant_types, token_endpoint_auth_method) values ('22222222-2222-4222-8222-222222222222', 'manual', '', '', 'none');
        update auth.sessions set oauth_client_id = '22222222-2222-4222-8222-222222222222';`);
      expect(await refresh(auth, token)).toMatchObject({ status: 400, body: { error: 'invalid_client' } });
    }));
});
