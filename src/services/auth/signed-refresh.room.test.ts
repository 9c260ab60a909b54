import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSignedToken, writeSignedToken } from './core/session/signed-token.ts';
import { type AuthUnderTest, type Reply, startAuth } from './testing/auth-under-test.ts';
import { codeAt } from './testing/totp-app.ts';

const credentials = { email: 'ann@example.com', password: 'correct horse' };
const version = 'GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION';
const base = { ENABLE_EMAIL_AUTOCONFIRM: 'true', [version]: '2' };

const refresh = (auth: AuthUnderTest, token: string): Promise<Reply> =>
  auth.post('/token?grant_type=refresh_token', { refresh_token: token });
const signIn = async (auth: AuthUnderTest) => (await auth.post('/token?grant_type=password', credentials)).body;
const counterOf = (token: string) => readSignedToken(token)?.counter;
const alreadyUsed = { status: 400, body: { code: 'refresh_token_already_used' } };

describe('refresh tokens of form 2', () => {
  let auth: AuthUnderTest;
  let first: string;

  beforeAll(async () => {
    auth = await startAuth({ ...base, GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10' });
    await auth.post('/signup', credentials);
  });
  beforeEach(async () => {
    first = (await signIn(auth)).refresh_token;
  });
  afterAll(() => auth?.stop());

  const sessionOf = async (token: string) => {
    const [row] = await auth.db.query<{ counter: number }>(
      'select refresh_token_counter::int as counter from auth.sessions where id = $1',
      [readSignedToken(token)?.sessionId],
    );
    return row;
  };

  it('are counted, and need no rows of their own', async () => {
    expect(counterOf(first)).toBe(0);
    const reply = await refresh(auth, first);
    expect(reply).toMatchObject({ status: 200, body: { token_type: 'bearer', user: { email: credentials.email } } });
    expect(counterOf(reply.body.refresh_token)).toBe(1);
    expect(reply.headers.get('sb-auth-refresh-token-counter')).toBe('1');
    expect(reply.headers.get('sb-auth-refresh-token-reuse')).toBe('false');
    expect(reply.headers.get('sb-auth-refresh-token-prefix')).toBeNull();
    expect(await sessionOf(first)).toEqual({ counter: 1 });
    expect(await auth.db.query('select from auth.refresh_tokens')).toEqual([]);
    const [session] = await auth.db.query<{ late: number }>(
      `select abs(extract(epoch from (now() at time zone 'UTC') - refreshed_at))::float as late from auth.sessions where id = $1`,
      [readSignedToken(first)?.sessionId],
    );
    expect(session?.late).toBeLessThan(60);
  });

  it('hand the last one out again to the one before, however late', async () => {
    const { refresh_token: second } = (await refresh(auth, first)).body;
    auth.advance(6 * 3_600_000);
    const again = await refresh(auth, first);
    expect(again).toMatchObject({ status: 200, body: { refresh_token: second } });
    expect(again.headers.get('sb-auth-refresh-token-reuse-cause')).toBe('fail-to-save');
  });

  it('may be older within the interval; beyond it the session ends, and stays ended', async () => {
    let token = first;
    for (let n = 0; n < 3; n++) token = (await refresh(auth, token)).body.refresh_token;
    const soon = await refresh(auth, first);
    expect(soon).toMatchObject({ status: 200, body: { refresh_token: token } });
    expect(soon.headers.get('sb-auth-refresh-token-reuse-cause')).toBe('concurrent-refresh');
    auth.advance(11_000);
    expect(await refresh(auth, first)).toMatchObject(alreadyUsed);
    expect(await sessionOf(first)).toBeUndefined();
    expect(await refresh(auth, token)).toMatchObject({ status: 400, body: { code: 'refresh_token_not_found' } });
  });

  it('are refused when they were made by somebody else, or are ahead', async () => {
    const sessionId = readSignedToken(first)?.sessionId ?? '';
    const forged = writeSignedToken({ sessionId, counter: 0 }, randomBytes(32));
    expect(await refresh(auth, forged)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    await auth.db.query('update auth.sessions set refresh_token_counter = 5 where id = $1', [sessionId]);
    const [{ key = '' } = {}] = await auth.db.query<{ key: string }>(
      'select refresh_token_hmac_key as key from auth.sessions where id = $1',
      [sessionId],
    );
    const ahead = writeSignedToken({ sessionId, counter: 6 }, Buffer.from(key, 'base64url'));
    expect(await refresh(auth, ahead)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(await sessionOf(first)).toEqual({ counter: 5 });
    const nowhere = writeSignedToken(
      { sessionId: '22222222-2222-4222-8222-222222222222', counter: 0 },
      randomBytes(32),
    );
    expect(await refresh(auth, nowhere)).toMatchObject({ status: 400, body: { code: 'refresh_token_not_found' } });
  });

  it('never fork: of many at once all get the same next one', async () => {
    const replies = await Promise.all(Array.from({ length: 30 }, () => refresh(auth, first)));
    for (const { status } of replies) expect([200, 409]).toContain(status);
    const next = new Set(replies.filter(({ status }) => status === 200).map(({ body }) => body.refresh_token));
    expect(next.size).toBe(1);
    expect(await sessionOf(first)).toEqual({ counter: 1 });
  });

  it('leave one out when a second factor raises the session, so that the one before is worth nothing', async () => {
    const { access_token: token, refresh_token: low } = await signIn(auth);
    const { id, totp } = (await auth.post('/factors', { factor_type: 'totp' }, { token })).body;
    const challenge = await auth.post(`/factors/${id}/challenge`, {}, { token });
    const raised = await auth.post(
      `/factors/${id}/verify`,
      { challenge_id: challenge.body.id, code: codeAt(totp.secret, auth.now()) },
      { token },
    );
    expect(raised.status).toBe(200);
    expect(counterOf(raised.body.refresh_token)).toBe(2);
    auth.advance(11_000);
    expect((await refresh(auth, raised.body.refresh_token)).status).toBe(200);
    auth.advance(11_000);
    expect(await refresh(auth, low)).toMatchObject(alreadyUsed);
  });
});

describe('settings of form 2', () => {
  async function having(env: Record<string, string>, work: (auth: AuthUnderTest) => Promise<void>): Promise<void> {
    const auth = await startAuth({ ...base, ...env });
    try {
      await auth.post('/signup', credentials);
      await work(auth);
    } finally {
      await auth.stop();
    }
  }
  const twice = async (auth: AuthUnderTest, token: string): Promise<string> =>
    (await refresh(auth, (await refresh(auth, token)).body.refresh_token)).body.refresh_token;

  it('let used ones come again for ever, where that is wanted', () =>
    having({ GOTRUE_SECURITY_REFRESH_TOKEN_ALLOW_REUSE: 'true' }, async (auth) => {
      const { refresh_token: first } = await signIn(auth);
      const last = await twice(auth, first);
      auth.advance(86_400_000);
      const again = await refresh(auth, first);
      expect(again).toMatchObject({ status: 200, body: { refresh_token: last } });
      expect(again.headers.get('sb-auth-refresh-token-reuse-cause')).toBe('always-allow');
    }));

  it('leave the session alone when rotation is off', () =>
    having({ GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED: 'false' }, async (auth) => {
      const { refresh_token: first } = await signIn(auth);
      const last = await twice(auth, first);
      expect(await refresh(auth, first)).toMatchObject(alreadyUsed);
      expect((await refresh(auth, last)).status).toBe(200);
    }));

  it('end sessions by their limits as those of form 1', () =>
    having({ GOTRUE_SESSIONS_TIMEBOX: '1h', GOTRUE_SESSIONS_SINGLE_PER_USER: 'true' }, async (auth) => {
      const { refresh_token: first } = await signIn(auth);
      const next = await refresh(auth, first);
      expect(next.status).toBe(200);
      auth.advance(61 * 60_000);
      expect(await refresh(auth, next.body.refresh_token)).toMatchObject({
        status: 400,
        body: { code: 'session_expired' },
      });
    }));
});

describe('sessions with tokens of form 1', () => {
  const upgrade = 'GOTRUE_SECURITY_REFRESH_TOKEN_UPGRADE_PERCENTAGE';

  it('go over to form 2 in the share that is set, and their last token can come again', async () => {
    const before = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    const after = await startAuth({ ...base, [upgrade]: '100' }, before.db);
    const none = await startAuth({ ...base, [upgrade]: '0' }, before.db);
    try {
      const { refresh_token: start } = (await before.post('/signup', credentials)).body;
      const { refresh_token: stored } = (await refresh(none, start)).body;
      expect(readSignedToken(stored)).toBeUndefined();
      const { refresh_token: signed } = (await refresh(after, stored)).body;
      expect(counterOf(signed)).toBe(0);
      // The answer was lost: the same comes again.
      expect(await refresh(after, stored)).toMatchObject({ status: 200, body: { refresh_token: signed } });
      // Tokens are taken in both forms, whichever one new sessions get.
      const next = await refresh(before, signed);
      expect(counterOf(next.body.refresh_token)).toBe(1);
      expect(await refresh(after, start)).toMatchObject(alreadyUsed);
      expect(await refresh(after, next.body.refresh_token)).toMatchObject({ status: 400 });
    } finally {
      await none.stop();
      await after.stop();
      await before.stop();
    }
  });
});
