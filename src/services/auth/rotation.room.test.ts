import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, type Database } from '#kernel/sql';
import { findRefreshToken, rotateAtOnce, type StoredRefreshable } from './sql/refresh-tokens.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

const credentials = { email: 'ann@example.com', password: 'correct horse' };
const origin = { userAgent: 'test', ip: '192.0.2.7' };

describe('rotating at once', () => {
  let auth: AuthUnderTest;
  let db: Database;
  let found: StoredRefreshable;

  beforeAll(async () => {
    auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    db = createDatabase({ connection: auth.db.connection('supabase_auth_admin') });
    await auth.post('/signup', credentials);
  });
  beforeEach(async () => {
    const { body } = await auth.post('/token?grant_type=password', credentials);
    await auth.db.query('delete from auth.audit_log_entries');
    found = (await findRefreshToken(db, body.refresh_token)) as StoredRefreshable;
  });
  afterAll(async () => {
    await db?.close();
    await auth?.stop();
  });

  const rotate = (child = 'childchild11') =>
    rotateAtOnce(db, child, found, new Date().toISOString(), origin, [{ action: 'token_refreshed' }]);
  const written = async () => {
    const tokens = await auth.db.query(
      'select token, revoked from auth.refresh_tokens where session_id = $1 order by id',
      [found.session.id],
    );
    const entries = await auth.db.query('select from auth.audit_log_entries');
    const [session] = await auth.db.query<{ ip: string | null }>(
      'select host(ip) as ip from auth.sessions where id = $1',
      [found.session.id],
    );
    return {
      tokens: tokens.map(({ revoked }) => revoked),
      entries: entries.length,
      isTouched: session?.ip === origin.ip,
    };
  };
  const nothing = { tokens: [false], entries: 0, isTouched: false };

  it('writes the child, the parent, the session and the log together', async () => {
    expect(await rotate()).toBe(true);
    expect(await written()).toEqual({ tokens: [true, false], entries: 1, isTouched: true });
    expect(await rotate('childchild12')).toBe(false);
    expect(await written()).toEqual({ tokens: [true, false], entries: 1, isTouched: true });
  });

  it('writes nothing where the session was changed since it was read', async () => {
    await auth.db.query(`update auth.sessions set not_after = now() + interval '1 day' where id = $1`, [
      found.session.id,
    ]);
    expect(await rotate('childchild21')).toBe(false);
    expect(await written()).toEqual(nothing);
  });

  it('writes nothing where the session is gone', async () => {
    await auth.db.query('delete from auth.sessions where id = $1', [found.session.id]);
    expect(await rotate('childchild31')).toBe(false);
    expect((await written()).tokens).toEqual([]);
  });

  it.each(['refresh_tokens', 'sessions'])(
    'waits for nobody who holds a row of %s, and writes nothing',
    async (table) => {
      const key = table === 'sessions' ? 'id' : 'session_id';
      await db.transaction(async (sql) => {
        await sql.query(`select from auth.${table} where ${key} = $1 for update`, [found.session.id]);
        expect(await rotate('childchild41')).toBe(false);
      });
      expect(await written()).toEqual(nothing);
    },
  );

  it('lets one of many through', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => rotate(`manychildren${n}`)));
    expect(all.filter(Boolean)).toHaveLength(1);
    expect(await written()).toEqual({ tokens: [true, false], entries: 1, isTouched: true });
  });
});
