import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RestFixture, restFixture } from '../testing/rest-database.ts';
import { testToken } from '../testing/rest-server.ts';

let fixture: RestFixture;
beforeAll(async () => {
  // One connection for everybody: what leaks between requests leaks here.
  fixture = await restFixture(
    { PGRST_DB_POOL: '1', PGRST_APP_SETTINGS_JWT_EXP: '77' },
    `do $$ begin execute format(
       'alter role service_role in database %I set default_transaction_isolation = %L', current_database(), 'repeatable read');
     end $$`,
  );
});
afterAll(() => fixture?.stop());

describe('row level security', () => {
  const notes = async (role: string, sub?: string) => {
    const reply = await fixture.rest.send('GET', '/private_notes?select=body&order=id', { role, claims: { sub } });
    return (reply.json() as { body: string }[]).map(({ body }) => body);
  };

  test('the same statement on the same connection shows everybody their own rows', async () => {
    for (let round = 0; round < 20; round++) {
      expect(await notes('authenticated', 'ann')).toEqual(['of ann']);
      expect(await notes('anon')).toEqual(['of all']);
      expect(await notes('service_role')).toEqual(['of ann', 'of bob', 'of all']);
      expect(await notes('authenticated', 'bob')).toEqual(['of bob']);
      expect(await notes('authenticated')).toEqual([]);
    }
  });

  test('also when all ask at once', async () => {
    const askers = ['ann', 'bob', 'cid', undefined] as const;
    const answers = await Promise.all(
      Array.from({ length: 80 }, async (_, n) => [askers[n % 4], await notes('authenticated', askers[n % 4])] as const),
    );
    for (const [who, seen] of answers)
      expect(seen).toEqual(who === 'ann' ? ['of ann'] : who === 'bob' ? ['of bob'] : []);
  });

  test('writes are checked too', async () => {
    const insert = (owner: string | undefined, sub: string) =>
      fixture.rest.send('POST', '/private_notes?select=id,owner', {
        claims: { role: 'authenticated', sub },
        body: { id: 50, body: 'x', ...(owner && { owner }) },
        headers: { prefer: 'return=representation' },
      });
    const stolen = await insert('bob', 'ann');
    expect([stolen.status, stolen.json()]).toEqual([403, expect.objectContaining({ code: '42501' })]);
    expect((await insert('ann', 'ann')).json()).toEqual([{ id: 50, owner: 'ann' }]);
    const update = await fixture.rest.send('PATCH', '/private_notes?id=eq.50', {
      claims: { role: 'authenticated', sub: 'bob' },
      body: { body: 'mine now' },
      headers: { prefer: 'count=exact' },
    });
    expect([update.status, update.headers['content-range']]).toEqual([204, '*/0']);
  });

  test('what one request changed of its session does not reach the next one', async () => {
    await fixture.rest.send('POST', '/rpc/answer_headers', { body: { h: '[{"X-Leak":"1"}]', s: '202' } });
    await fixture.rest.send('GET', '/clients?id=eq.x', { role: 'service_role' });
    const reply = await fixture.rest.send('GET', '/rpc/whoami');
    expect([reply.status, reply.headers['x-leak']]).toEqual([200, undefined]);
    expect(reply.json()).toMatchObject({ role: 'anon', claims: { role: 'anon' } });
  });
});

describe('what SQL sees of a request', () => {
  test('role, claims, method, path, headers, cookies, settings', async () => {
    const reply = await fixture.rest.send('POST', '/rpc/whoami?select=*', {
      claims: { role: 'authenticated', sub: 'é"\\', list: [1] },
      body: {},
      headers: { cookie: 'a=b; c="d"', 'x-custom': 'v', prefer: 'timezone=Asia/Tokyo' },
    });
    expect(reply.json()).toEqual({
      role: 'authenticated',
      claims: { role: 'authenticated', sub: 'é"\\', list: [1] },
      method: 'POST',
      path: '/rpc/whoami',
      headers: expect.objectContaining({ 'x-custom': 'v', 'content-type': 'application/json' }),
      cookies: { a: 'b', c: 'd' },
      timeout: '8s',
      path_setting: '"test", "public", "extensions"',
      timezone: 'Asia/Tokyo',
      read_only: 'on',
    });
    expect((reply.json() as { headers: object }).headers).not.toHaveProperty('cookie');
    expect(reply.headers['preference-applied']).toBe('timezone=Asia/Tokyo');
  });

  test('settings of the application', async () => {
    await fixture.database.query(`
      create function test.app_setting() returns text language sql stable as $$ select current_setting('app.settings.jwt_exp') $$;
      create function test.isolation() returns text language sql stable as $$ select current_setting('transaction_isolation') $$`);
    await fixture.rest.reload();
    expect((await fixture.rest.send('GET', '/rpc/app_setting')).json()).toBe('77');
    expect((await fixture.rest.send('GET', '/rpc/isolation')).json()).toBe('read committed');
    expect((await fixture.rest.send('GET', '/rpc/isolation', { role: 'service_role' })).json()).toBe('repeatable read');
  });

  test('an unknown time zone does not count, or is refused', async () => {
    const lenient = await fixture.rest.send('GET', '/rpc/whoami', { headers: { prefer: 'timezone=Nowhere/Else' } });
    expect(lenient.headers).not.toHaveProperty('preference-applied');
    const strict = await fixture.rest.send('GET', '/rpc/whoami', {
      headers: { prefer: 'handling=strict,timezone=Nowhere/Else' },
    });
    expect([strict.status, strict.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'PGRST122', details: 'Invalid preferences: timezone=Nowhere/Else' }),
    ]);
  });
});

describe('who may not', () => {
  test.each<[string | undefined, number, object, string | undefined]>([
    ['authenticated', 403, { code: '42501', message: 'permission denied for table forbidden' }, undefined],
    [undefined, 401, { code: '42501' }, 'Bearer'],
    ['anon', 401, { code: '42501' }, 'Bearer'],
    ['nobody', 401, { code: '22023', message: 'role "nobody" does not exist' }, 'Bearer'],
    ['postgres', 403, { code: '42501', message: 'permission denied to set role "postgres"' }, undefined],
    ['service_role', 200, [{ id: 1, secret: 'hush' }], undefined],
  ])('%s', async (role, status, body, challenge) => {
    const reply = await fixture.rest.send('GET', '/forbidden', role === undefined ? {} : { role });
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([status, challenge]);
    expect(reply.json()).toEqual(Array.isArray(body) ? body : expect.objectContaining(body));
  });

  test('a refused token is told of before anything else', async () => {
    const headers = { authorization: `Bearer ${testToken({ role: 'authenticated', exp: 1 })}` };
    for (const [method, path] of [
      ['GET', '/nope/nope'],
      ['FOO', '/'],
      ['OPTIONS', '/nope'],
      ['POST', '/clients'],
    ] as const) {
      if (method === 'FOO') continue;
      const reply = await fixture.rest.send(method, path, { headers });
      expect([reply.status, reply.json()]).toEqual([
        401,
        expect.objectContaining({ code: 'PGRST303', message: 'JWT expired' }),
      ]);
      expect(reply.headers['www-authenticate']).toBe('Bearer error="invalid_token", error_description="JWT expired"');
    }
  });
});

describe('time', () => {
  test('an anonymous statement may take three seconds, one of a function that says so longer', async () => {
    const started = performance.now();
    const reply = await fixture.rest.send('POST', '/rpc/slow', { body: { seconds: 6 } });
    expect([reply.status, reply.json()]).toEqual([500, expect.objectContaining({ code: '57014' })]);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect((await fixture.rest.send('POST', '/rpc/slow_allowed', { body: {} })).json()).toBe('20s');
    // The connection is as good as new.
    expect((await fixture.rest.send('GET', '/clients?select=id&id=eq.1')).json()).toEqual([{ id: 1 }]);
  });

  test('who goes away does not keep the connection', async () => {
    const gone = new AbortController();
    const request = fetch(`http://127.0.0.1:${fixture.rest.port}/rpc/slow`, {
      method: 'POST',
      body: '{"seconds":2.5}',
      headers: { 'content-type': 'application/json' },
      signal: gone.signal,
    });
    setTimeout(() => gone.abort(), 150);
    await expect(request).rejects.toThrow();
    const started = performance.now();
    expect((await fixture.rest.send('GET', '/clients?select=id&id=eq.1')).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(2_300);
  });
});

test('a function may look at every request first', async () => {
  const guarded = await restFixture(
    { PGRST_DB_PRE_REQUEST: 'test.guard', STACK_REST_MAX_BODY_SIZE: '2kB' },
    `create function test.guard() returns void language plpgsql as $$ begin
       perform set_config('response.headers', '[{"X-Guard":"1"}]', true);
       if current_setting('request.headers')::json->>'x-bad' is not null then
         raise sqlstate 'PT403' using message = 'Not you';
       end if; end $$`,
  );
  try {
    const good = await guarded.rest.send('GET', '/clients?limit=1');
    expect([good.status, good.headers['x-guard']]).toEqual([200, '1']);
    const bad = await guarded.rest.send('GET', '/clients?limit=1', { headers: { 'x-bad': 'yes' } });
    expect([bad.status, bad.statusText, bad.headers['x-guard']]).toEqual([403, 'Not you', undefined]);
    const large = await guarded.rest.send('POST', '/clients', { body: { id: 5, name: 'x'.repeat(3_000) } });
    expect([large.status, large.json()]).toEqual([413, expect.objectContaining({ code: 'STACK413' })]);
  } finally {
    await guarded.stop();
  }
});
