import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, type Call, codeIn, linkIn, startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';
let auth: AuthUnderTest;
const admin = (method: string, path: string, body?: unknown, call: Call = {}) =>
  auth.request(method, path, { ...call, token: auth.serviceKey, ...(body !== undefined && { body }) });
const create = (body: object) => admin('POST', '/admin/users', body);
const signIn = (email: string, given = password) => auth.post('/token?grant_type=password', { email, password: given });

beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth?.stop());

describe('admin users', () => {
  it('are made as asked and can sign in', async () => {
    const made = await create({
      email: 'Op@Example.com',
      password,
      email_confirm: true,
      app_metadata: { role: 'pmoves.operator' },
      user_metadata: { name: 'Op' },
    });
    expect(made).toMatchObject({
      status: 200,
      body: {
        email: 'op@example.com',
        role: 'authenticated',
        aud: 'authenticated',
        app_metadata: { provider: 'email', providers: ['email'], role: 'pmoves.operator' },
        user_metadata: { name: 'Op', email_verified: true },
        identities: [{ provider: 'email', identity_data: { email: 'op@example.com', email_verified: true } }],
      },
    });
    expect(await signIn('op@example.com')).toMatchObject({
      status: 200,
      body: { user: { app_metadata: { role: 'pmoves.operator' } } },
    });
    const [entry] = await auth.db.query<{ payload: Record<string, unknown> }>(
      `select payload from auth.audit_log_entries where payload ->> 'action' = 'user_signedup'`,
    );
    expect(entry?.payload).toEqual({
      actor_id: '00000000-0000-0000-0000-000000000000',
      actor_via_sso: false,
      actor_username: 'service_role',
      action: 'user_signedup',
      log_type: 'team',
      traits: { user_id: made.body.id, user_email: 'op@example.com', user_phone: '' },
    });
  });

  it('take an id, a role, a phone and a hash', async () => {
    const id = '33333333-3333-4333-8333-333333333333';
    const [hash] = await auth.db.query<{ hash: string }>(
      `select extensions.crypt('imported', extensions.gen_salt('bf', 8)) as hash`,
    );
    const made = await create({
      id,
      email: 'imp@example.com',
      phone: '+49 1511',
      role: 'editor',
      password_hash: hash?.hash,
      email_confirm: true,
      phone_confirm: true,
      aud: 'authenticated',
    });
    expect(made).toMatchObject({
      status: 200,
      body: { id, role: 'editor', phone: '491511', app_metadata: { provider: 'email', providers: ['email', 'phone'] } },
    });
    expect(made.body.identities).toHaveLength(2);
    expect(await signIn('imp@example.com', 'imported')).toMatchObject({ status: 200 });
    expect(await create({ id, email: 'imp2@example.com' })).toMatchObject({
      status: 422,
      body: { code: 'user_already_exists' },
    });
  });

  it.each([
    [{}, 400, 'validation_failed', 'Cannot create a user without either an email or phone'],
    [{ email: 'x@' }, 400, 'validation_failed', 'Unable to validate email address: invalid format'],
    [{ email: 'op@example.com' }, 422, 'email_exists', 'A user with this email address has already been registered'],
    [{ phone: '491511' }, 422, 'phone_exists', 'Phone number already registered by another user'],
    [{ email: 'y@example.com', id: 'x' }, 400, 'validation_failed', 'ID must conform to the uuid v4 format'],
    [
      { email: 'y@example.com', id: '00000000-0000-0000-0000-000000000000' },
      400,
      'validation_failed',
      'ID cannot be a nil uuid',
    ],
    [
      { email: 'y@example.com', password: 'a', password_hash: 'b' },
      400,
      'validation_failed',
      'Only a password or a password hash should be provided',
    ],
    [
      { email: 'y@example.com', password_hash: 'plain' },
      400,
      'validation_failed',
      'Password hash must be of bcrypt, argon2i, argon2id or Firebase scrypt, within their usual costs',
    ],
    [
      { email: 'y@example.com', ban_duration: 'soon' },
      400,
      'validation_failed',
      'invalid format for ban duration: time: invalid duration "soon"',
    ],
    [{ email: 'y@example.com', role: 'x'.repeat(300) }, 400, 'validation_failed', 'The request is not valid'],
  ])('refuse %j', async (body, status, code, message) => {
    expect(await create(body)).toMatchObject({ status, body: { code, message } });
  });

  it('are found by UUID alone', async () => {
    for (const id of [
      'x',
      '1',
      '..',
      '%2e%2e',
      'me',
      '33333333-3333-4333-8333-33333333333',
      '%00',
      '33333333-3333-4333-8333-333333333333%2f..',
    ])
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const reply = await admin(method, `/admin/users/${id}`, method === 'GET' ? undefined : {});
        expect([404, 405]).toContain(reply.status);
        if (reply.status === 404 && !id.includes('.'))
          expect(['validation_failed', 'unknown']).toContain(reply.body.code);
      }
    expect(await admin('GET', '/admin/users/x')).toMatchObject({
      status: 404,
      body: { code: 'validation_failed', message: 'user_id must be an UUID' },
    });
    expect(await admin('GET', '/admin/users/44444444-4444-4444-8444-444444444444')).toMatchObject({
      status: 404,
      body: { code: 'user_not_found', message: 'User not found' },
    });
    expect(await admin('GET', '/admin/users/33333333-3333-4333-8333-333333333333')).toMatchObject({
      status: 200,
      body: { email: 'imp@example.com' },
    });
    expect(await admin('PATCH', '/admin/users/33333333-3333-4333-8333-333333333333', {})).toMatchObject({
      status: 405,
    });
  });

  it('are changed; a new password ends their sessions, a new address their pending links', async () => {
    const made = await create({ email: 'chg@example.com', password, email_confirm: true });
    const session = await signIn('chg@example.com');
    const put = (body: object) => admin('PUT', `/admin/users/${made.body.id}`, body);
    await auth.request('PUT', '/user', { token: session.body.access_token, body: { email: 'chg2@example.com' } });
    const changed = await put({
      email: 'chg3@example.com',
      email_confirm: true,
      app_metadata: { a: 1, providers: null },
      user_metadata: { b: 2 },
      role: 'editor',
    });
    expect(changed).toMatchObject({
      status: 200,
      body: {
        email: 'chg3@example.com',
        role: 'editor',
        user_metadata: { b: 2 },
        app_metadata: { a: 1, provider: 'email' },
        identities: [{ email: 'chg3@example.com', identity_data: { email_verified: true } }],
      },
    });
    expect(changed.body).not.toHaveProperty('new_email');
    expect(
      await auth.post('/verify', {
        type: 'email_change',
        email: 'chg2@example.com',
        token: codeIn(auth.mails('chg2@example.com')[0]),
      }),
    ).toMatchObject({ status: 403 });
    expect(await put({ password: 'short' })).toMatchObject({ status: 422, body: { code: 'weak_password' } });
    expect(await put({ password: 'another horse' })).toMatchObject({ status: 200 });
    expect(await auth.request('GET', '/user', { token: session.body.access_token })).toMatchObject({ status: 403 });
    expect(await signIn('chg3@example.com', 'another horse')).toMatchObject({ status: 200 });
    expect(await put({ email: 'op@example.com' })).toMatchObject({ status: 422, body: { code: 'email_exists' } });
  });

  it('are deleted with everything that hangs on them', async () => {
    const made = await create({ email: 'del@example.com', password, email_confirm: true });
    await signIn('del@example.com');
    await auth.db.query('create table public.notes (owner uuid references auth.users (id) on delete cascade)');
    await auth.db.query('insert into public.notes values ($1)', [made.body.id]);
    expect(await admin('DELETE', `/admin/users/${made.body.id}`)).toMatchObject({ status: 200, body: {} });
    expect(await auth.db.query('select 1 from public.notes')).toEqual([]);
    expect(await admin('GET', `/admin/users/${made.body.id}`)).toMatchObject({ status: 404 });
  });

  it('are deleted softly: the row stays, nothing personal does', async () => {
    const made = await create({
      email: 'soft@example.com',
      phone: '4917',
      password,
      email_confirm: true,
      user_metadata: { name: 'S' },
    });
    await signIn('soft@example.com');
    expect(await admin('DELETE', `/admin/users/${made.body.id}`, { should_soft_delete: true })).toMatchObject({
      status: 200,
      body: {},
    });
    const left = await admin('GET', `/admin/users/${made.body.id}`);
    expect(left.body.deleted_at).toBeTruthy();
    expect(left.body.email).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(left.body)).not.toMatch(/soft@|4917|"S"/);
    const [counts] = await auth.db.query('select count(*)::int as n from auth.sessions where user_id = $1', [
      made.body.id,
    ]);
    expect(counts).toEqual({ n: 0 });
    expect(await signIn('soft@example.com')).toMatchObject({ status: 400, body: { code: 'invalid_credentials' } });
    expect(await create({ email: 'soft@example.com', password })).toMatchObject({ status: 200 });
  });

  it('are listed by page, filter and order', async () => {
    for (let index = 0; index < 5; index++) {
      await create({ email: `list${index}@example.com`, user_metadata: { full_name: `List_er ${index}` } });
      auth.advance(1_000);
    }
    const page = await admin('GET', '/admin/users?page=1&per_page=2&filter=list');
    expect(page.body.users.map(({ email }: { email: string }) => email)).toEqual([
      'list4@example.com',
      'list3@example.com',
    ]);
    expect(page.body.aud).toBe('authenticated');
    expect(page.headers.get('x-total-count')).toBe('5');
    expect(page.headers.get('link')).toBe(
      '</admin/users?filter=list&page=2&per_page=2>; rel="next", </admin/users?filter=list&page=3&per_page=2>; rel="last"',
    );
    const last = await admin('GET', '/admin/users?page=3&per_page=2&filter=list&sort=created_at%20asc');
    expect(last.body.users.map(({ email }: { email: string }) => email)).toEqual(['list4@example.com']);
    expect((await admin('GET', '/admin/users?filter=t_er%202')).body.users).toHaveLength(1);
    expect((await admin('GET', '/admin/users?filter=l%25t')).body.users).toHaveLength(0);
    expect(await admin('GET', '/admin/users?page=-1')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect(await admin('GET', '/admin/users?sort=email%20asc')).toMatchObject({ status: 400 });
    // Only `filter` counts; tools that send `email` get everybody.
    expect((await admin('GET', '/admin/users?email=nobody')).body.users.length).toBeGreaterThan(5);
  });
});

describe('a list by cursor', () => {
  it('shows everybody once, in either order, whoever comes in between, and is off unless asked for', async () => {
    const node = await startAuth({ GOTRUE_EXPERIMENTAL_CURSOR_PAGINATION_ENABLED: 'true' });
    const list = (query: string) => node.request('GET', `/admin/users?${query}`, { token: node.serviceKey });
    node.freeze();
    for (let index = 0; index < 5; index++)
      await node.post('/admin/users', { email: `c${index}@example.com` }, { token: node.serviceKey });
    // Seeds leave the time out, and rows of one transaction share theirs.
    await node.db.query(`update auth.users set created_at = null where email in ('c1@example.com', 'c2@example.com')`);
    const everybody = async (query: string): Promise<string[]> => {
      const seen: string[] = [];
      for (let next: string | undefined = `${query}&limit=2`; next !== undefined; ) {
        const { body, headers } = await list(next);
        expect(headers.get('x-total-count')).toBeNull();
        seen.push(...body.users.map(({ email }: { email: string }) => email));
        expect(body.pagination.has_more).toBe(body.pagination.next_cursor !== undefined);
        const link: string | null = headers.get('link');
        expect(link === null).toBe(!body.pagination.has_more);
        next = /^<\/admin\/users\?(.*)>; rel="next"$/.exec(link ?? '')?.[1];
        if (seen.length === 2)
          await node.post('/admin/users', { email: `late${query.length}@example.com` }, { token: node.serviceKey });
      }
      return seen;
    };
    const names = [0, 1, 2, 3, 4].map((index) => `c${index}@example.com`);
    const down = await everybody('filter=c');
    expect(down.filter((email) => email.startsWith('c')).sort()).toEqual(names);
    expect(new Set(down).size).toBe(down.length);
    const up = await everybody('filter=c&sort=created_at%20asc');
    expect(up.filter((email) => email.startsWith('c'))).toEqual(
      down.filter((email) => email.startsWith('c')).reverse(),
    );
    expect(await list('limit=0')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', message: 'Bad Pagination Parameters: limit must be greater than 0' },
    });
    expect(await list('cursor=x')).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    const numbered = await list('page=1');
    expect(numbered.headers.get('x-total-count')).not.toBeNull();
    expect(numbered.body).not.toHaveProperty('pagination');
    await node.stop();
    expect((await admin('GET', '/admin/users')).body).not.toHaveProperty('pagination');
  });
});

describe('invitations and links', () => {
  it('invite, again while unconfirmed, and let in by the link', async () => {
    const invite = (email: string) => admin('POST', '/invite', { email, data: { team: 'a' } });
    expect(await invite('inv@example.com')).toMatchObject({
      status: 200,
      body: { email: 'inv@example.com', invited_at: expect.any(String), user_metadata: { team: 'a' } },
    });
    expect(await invite('inv@example.com')).toMatchObject({ status: 200 });
    expect(auth.mails('inv@example.com')).toHaveLength(2);
    expect(auth.mails('inv@example.com')[0]).toMatchObject({ kind: 'invite', subject: 'You have been invited' });
    const peek = await auth.post('/signup', { email: 'inv@example.com', password }, {});
    expect(peek.status).toBe(429);
    auth.advance(61_000);
    expect((await auth.post('/signup', { email: 'inv@example.com', password })).body).toMatchObject({
      user_metadata: {},
      app_metadata: {},
      identities: [],
    });
    auth.advance(61_000);
    await invite('inv@example.com');
    const followed = await auth.request('GET', linkIn(auth.mails('inv@example.com')[0]));
    expect(followed.headers.get('location')).toContain('type=invite');
    const [row] = await auth.db.query<{ encrypted_password: string }>(
      `select encrypted_password from auth.users where email = 'inv@example.com'`,
    );
    expect(row?.encrypted_password).toMatch(/^\$2a\$10\$/);
    expect(await invite('inv@example.com')).toMatchObject({ status: 422, body: { code: 'email_exists' } });
    expect(await auth.post('/invite', { email: 'x@example.com' })).toMatchObject({ status: 401 });
  });

  it('make links without sending anything', async () => {
    const link = (body: object) => admin('POST', '/admin/generate_link', body);
    const before = auth.mails().length;
    const signup = await link({
      type: 'signup',
      email: 'gen@example.com',
      password,
      data: { a: 1 },
      redirect_to: 'https://example.com/in',
    });
    expect(signup).toMatchObject({
      status: 200,
      body: {
        email: 'gen@example.com',
        verification_type: 'signup',
        redirect_to: 'https://example.com/in',
        email_otp: expect.stringMatching(/^\d{6}$/),
        user_metadata: { a: 1, email: 'gen@example.com' },
      },
    });
    expect(signup.body.action_link).toBe(
      `http://localhost:8000/auth/v1/verify?token=${signup.body.hashed_token}&type=signup&redirect_to=https://example.com/in`,
    );
    expect(
      await auth.post('/verify', { type: 'signup', email: 'gen@example.com', token: signup.body.email_otp }),
    ).toMatchObject({ status: 200 });
    expect(await link({ type: 'signup', email: 'gen@example.com', password })).toMatchObject({
      status: 422,
      body: { code: 'email_exists' },
    });

    const magic = await link({ type: 'magiclink', email: 'gen2@example.com' });
    expect(magic).toMatchObject({ status: 200, body: { verification_type: 'signup' } });
    expect(await auth.post('/verify', { type: 'signup', token_hash: magic.body.hashed_token })).toMatchObject({
      status: 200,
    });

    const recovery = await link({ type: 'recovery', email: 'gen@example.com' });
    expect(await auth.post('/verify', { type: 'recovery', token_hash: recovery.body.hashed_token })).toMatchObject({
      status: 200,
    });
    expect(await link({ type: 'recovery', email: 'none@example.com' })).toMatchObject({
      status: 404,
      body: { code: 'user_not_found' },
    });
    expect(await link({ type: 'invite', email: 'gen3@example.com' })).toMatchObject({
      status: 200,
      body: { invited_at: expect.any(String), verification_type: 'invite' },
    });
    expect(await link({ type: 'other', email: 'gen@example.com' })).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect(await link({ type: 'signup', email: 'gen4@example.com' })).toMatchObject({
      status: 400,
      body: { message: 'Signup requires a valid password' },
    });

    const current = await link({
      type: 'email_change_current',
      email: 'gen@example.com',
      new_email: 'gen9@example.com',
    });
    const next = await link({ type: 'email_change_new', email: 'gen@example.com', new_email: 'gen9@example.com' });
    expect(await auth.post('/verify', { type: 'email_change', token_hash: current.body.hashed_token })).toMatchObject({
      body: { code: '200' },
    });
    expect(
      await auth.post('/verify', { type: 'email_change', email: 'gen9@example.com', token: next.body.email_otp }),
    ).toMatchObject({ status: 200, body: { user: { email: 'gen9@example.com' } } });
    expect(auth.mails()).toHaveLength(before);
  });
});

describe('audit list and factors', () => {
  it('lists entries by author, action and type', async () => {
    const all = await admin('GET', '/admin/audit?per_page=1000');
    expect(all.body.length).toBe(Number(all.headers.get('x-total-count')));
    const logins = await admin('GET', '/admin/audit?query=action:login');
    expect(logins.body.length).toBeGreaterThan(0);
    expect(logins.body.every((entry: { payload: { action: string } }) => entry.payload.action === 'login')).toBe(true);
    expect((await admin('GET', '/admin/audit?query=author:op@example')).body.length).toBeGreaterThan(0);
    expect((await admin('GET', '/admin/audit?query=type:team')).body.length).toBeGreaterThan(0);
    expect(await admin('GET', '/admin/audit?query=colour:red')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect(Object.keys(logins.body[0])).toEqual(['id', 'payload', 'created_at', 'ip_address']);
  });

  it('lists, renames and removes factors without their secrets', async () => {
    const made = await create({ email: 'mfa@example.com', password, email_confirm: true });
    await auth.db.query(
      `insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret) values ('55555555-5555-4555-8555-555555555555', $1, 'app', 'totp', 'verified', now(), now(), 'S3CRET')`,
      [made.body.id],
    );
    const path = `/admin/users/${made.body.id}/factors`;
    const listed = await admin('GET', path);
    expect(Object.keys(listed.body[0])).toEqual([
      'id',
      'created_at',
      'updated_at',
      'status',
      'friendly_name',
      'factor_type',
      'phone',
    ]);
    const one = `${path}/55555555-5555-4555-8555-555555555555`;
    expect(await admin('PUT', one, { friendly_name: 'new' })).toMatchObject({
      status: 200,
      body: { friendly_name: 'new' },
    });
    expect(await admin('DELETE', one)).toMatchObject({ status: 200, body: { friendly_name: 'new' } });
    expect(await admin('DELETE', one)).toMatchObject({ status: 404, body: { code: 'mfa_factor_not_found' } });
  });
});
