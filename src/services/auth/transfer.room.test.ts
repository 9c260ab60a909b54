import { describe, expect, it } from 'vitest';
import { openUserTransfer, type UserTransfer } from './core/transfer/transfer.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

const options = { skipKnown: false, dryRun: false };
const settings = {
  jwtAudience: 'authenticated',
  jwtDefaultRole: 'authenticated',
  encryptColumns: false,
  encryptionKeyId: undefined,
  encryptionKey: undefined,
  decryptionKeys: [],
};

async function opened(): Promise<{ auth: AuthUnderTest; transfer: UserTransfer; close: () => Promise<void> }> {
  const auth = await startAuth();
  const transfer = openUserTransfer(settings, auth.db.connection('supabase_auth_admin'), 2);
  return {
    auth,
    transfer,
    async close() {
      await transfer.close();
      await auth.stop();
    },
  };
}

const exported = async (transfer: UserTransfer, format: 'json' | 'csv', hashes: boolean): Promise<string> => {
  let text = '';
  await transfer.export(format, hashes, async (piece) => {
    text += piece;
  });
  return text;
};

const signIn = ({ post }: AuthUnderTest, email: string, password: string) =>
  post('/token?grant_type=password', { email, password });

// crypt('secret word', gen_salt('bf')), as seeds have it.
const users = [
  {
    id: '11111111-1111-4111-8111-111111111111',
    email: 'Ann@Example.com',
    password_hash: '$2a$04$9t8vXnCl2mLM7kxX3jZzUuN5t3DSQDTv0Q8FwzY0ugcBbb1vEgkl6',
    email_confirm: true,
    user_metadata: { name: 'Ann', quote: '"a", b' },
    created_at: '2020-01-02T03:04:05Z',
  },
  { email: 'bob@example.com', password: 'another word', email_confirmed_at: '2021-01-01T00:00:00Z', role: 'editor' },
  { phone: '+15551234567', phone_confirm: true, banned_until: '2999-01-01T00:00:00Z' },
];

describe('users in bulk', () => {
  it('come in with hashes, passwords, metadata and identities, and can sign in', async () => {
    const { auth, transfer, close } = await opened();
    const report = await transfer.import(JSON.stringify(users), 'json', options);
    expect(report).toEqual({ read: 3, imported: 3 });
    const session = await signIn(auth, 'bob@example.com', 'another word');
    expect(session).toMatchObject({
      status: 200,
      body: { user: { role: 'editor', identities: [{ provider: 'email' }] } },
    });
    const ann = await auth.request('GET', `/admin/users/${users[0]?.id}`, { token: auth.serviceKey });
    expect(ann.body).toMatchObject({
      email: 'ann@example.com',
      email_confirmed_at: expect.any(String),
      created_at: '2020-01-02T03:04:05Z',
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: { name: 'Ann', quote: '"a", b' },
      identities: [{ identity_data: { email: 'ann@example.com', email_verified: true } }],
    });
    const [phone] = await auth.db.query(
      `select phone, banned_until is not null as banned from auth.users where phone <> ''`,
    );
    expect(phone).toEqual({ phone: '15551234567', banned: true });
    await close();
  });

  it.each(['json', 'csv'] as const)('go out and come back the same, as %s', async (format) => {
    const { transfer, close } = await opened();
    await transfer.import(JSON.stringify(users), 'json', options);
    const text = await exported(transfer, format, true);
    const there = await opened();
    expect(await there.transfer.import(text, format, options)).toEqual({ read: 3, imported: 3 });
    expect(await exported(there.transfer, format, true)).toBe(text);
    expect((await signIn(there.auth, 'bob@example.com', 'another word')).status).toBe(200);
    const without = await exported(transfer, format, false);
    expect(without).not.toContain('$2a$');
    await there.close();
    await close();
  });

  it('come in all or none, and say who is in the way', async () => {
    const { auth, transfer, close } = await opened();
    await transfer.import(JSON.stringify([users[1]]), 'json', options);
    const again = transfer.import(JSON.stringify(users), 'json', options);
    await expect(again).rejects.toThrow(/bob@example\.com/);
    const count = async () => (await auth.db.query('select from auth.users')).length;
    expect(await count()).toBe(1);
    expect(await transfer.import(JSON.stringify(users), 'json', { skipKnown: true, dryRun: true })).toEqual({
      read: 3,
      imported: 2,
    });
    expect(await count()).toBe(1);
    expect(await transfer.import(JSON.stringify(users), 'json', { skipKnown: true, dryRun: false })).toEqual({
      read: 3,
      imported: 2,
    });
    expect(await count()).toBe(3);
    await close();
  });

  it('come from a dump of the table, with triggers seeing them as they see a sign-up', async () => {
    const { auth, transfer, close } = await opened();
    await auth.db.query(`
      create table public.seen (what text, id uuid, confirmed boolean);
      grant insert on public.seen to supabase_auth_admin;
      create function public.note() returns trigger language plpgsql as $$
        begin insert into public.seen values (tg_op, new.id, new.email_confirmed_at is not null); return new; end $$;
      create trigger note after insert or update on auth.users for each row execute function public.note()`);
    const dump = [
      'instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,raw_app_meta_data,raw_user_meta_data,created_at,is_super_admin',
      `00000000-0000-0000-0000-000000000000,${users[0]?.id},authenticated,authenticated,ann@example.com,${users[0]?.password_hash},2020-01-02 03:04:05.123+00,"{""provider"": ""email"", ""providers"": [""email""]}","{""name"": ""Ann""}",2020-01-02 03:04:05+00,`,
      '',
    ].join('\r\n');
    expect(await transfer.import(dump, 'csv', options)).toEqual({ read: 1, imported: 1 });
    expect(await auth.db.query('select what, confirmed from public.seen')).toEqual([
      { what: 'INSERT', confirmed: false },
      { what: 'UPDATE', confirmed: true },
    ]);
    await close();
  });

  it('are thousands in little time', async () => {
    const { auth, transfer, close } = await opened();
    const many = Array.from({ length: 3_000 }, (_, index) => ({
      email: `user${index}@example.com`,
      password_hash: users[0]?.password_hash,
      email_confirm: true,
    }));
    const before = performance.now();
    expect(await transfer.import(JSON.stringify({ users: many }), 'json', options)).toMatchObject({ imported: 3_000 });
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(JSON.parse(await exported(transfer, 'json', false))).toHaveLength(3_000);
    expect(await auth.db.query('select from auth.identities')).toHaveLength(3_000);
    await close();
  });

  it.each([
    ['json', '{}', /neither an array/],
    ['json', '[{}]', /user 1: has neither an email nor a phone/],
    ['json', '[{"email":"a@b.c","password":"x","password_hash":"y"}]', /user 1: has both/],
    ['json', '[{"email":"a@example.com","password_hash":"md5"}]', /a@example\.com: its password_hash/],
    ['json', '[{"email":"not an address"}]', /not an address: Unable to validate/],
    ['json', '[{"email":"a@example.com","id":"7"}]', /its id is no UUID/],
    ['json', '[{"email":"a@example.com","created_at":"yesterday"}]', /user 1: created_at is no time/],
    ['json', '[{"email":"a@example.com","user_metadata":"[]"}]', /user_metadata is no object/],
    ['csv', 'email,phone\na@example.com\n', /line 2: has 1 fields/],
    ['csv', '', /no header/],
    ['csv', 'email,email_confirm\na@example.com,maybe\n', /line 2: email_confirm/],
  ] as const)('of a %s file that is wrong are named: %s', async (format, text, problem) => {
    const { transfer, close } = await opened();
    await expect(transfer.import(text, format, options)).rejects.toThrow(problem);
    await close();
  });
});
