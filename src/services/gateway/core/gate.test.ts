import { describe, expect, it } from 'vitest';
import { createKeyRing } from './api-keys.ts';
import { type GateOptions, gate, type Verdict } from './gate.ts';
import { createMatcher } from './match.ts';
import { routes } from './route-table.ts';

const keys = {
  anonKey: 'eyJh.anon.key',
  serviceRoleKey: 'eyJh.service.key',
  publishableKey: 'sb_publishable_1234567890123456789012_12345678',
  secretKey: 'sb_secret_1234567890123456789012_12345678',
};
const options: GateOptions = {
  findKey: createKeyRing(keys),
  requireApiKey: true,
  dashboardBasic: true,
  dashboardUsername: 'supabase',
  dashboardPassword: 'open: sesame',
};
const match = createMatcher(routes);

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly raw?: readonly string[];
}

function ask(
  url: string,
  { method = 'GET', headers = {}, raw }: Sent = {},
  changed: Partial<GateOptions> = {},
): Verdict {
  const [path = '', query = ''] = url.split('?');
  const found = match(path);
  if (!found) throw new Error(`no route for ${path}`);
  const rawHeaders = raw ?? Object.entries(headers).flat();
  return gate({ method, match: found, query, headers, rawHeaders }, { ...options, ...changed });
}

const refusal = (verdict: Verdict) => (verdict.kind === 'refuse' ? verdict.error : undefined);
const passed = (verdict: Verdict) => (verdict.kind === 'pass' ? verdict : undefined);
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('keys', () => {
  it('asks for one', () => {
    const error = refusal(ask('/rest/v1/todos'));
    expect(error).toMatchObject({ status: 401, message: 'No API key found in request' });
    expect(error?.headers['www-authenticate']).toBe('Key realm="kong"');
  });

  it('counts an empty one as none', () =>
    expect(refusal(ask('/rest/v1/todos', { headers: { apikey: '' } }))?.code).toBe('no_api_key'));

  it('refuses an unknown one', () => {
    const error = refusal(ask('/rest/v1/todos', { headers: { apikey: 'nonsense' } }));
    expect(error).toMatchObject({ status: 401, message: 'Invalid authentication credentials', headers: {} });
  });

  it('refuses one given twice, in headers or in the query', () => {
    const raw = ['apikey', keys.anonKey, 'ApiKey', keys.anonKey];
    expect(refusal(ask('/rest/v1/todos', { raw }))?.code).toBe('duplicate_api_key');
    expect(refusal(ask(`/rest/v1/todos?apikey=${keys.anonKey}&apikey=x`))?.code).toBe('duplicate_api_key');
  });

  it('takes it from the query and hides it from rest, leaving the rest of the query untouched', () => {
    const verdict = passed(ask(`/rest/v1/todos?select=a%2Cb&apikey=${keys.anonKey}&b=eq.%F0`));
    expect(verdict?.url).toBe('/todos?select=a%2Cb&b=eq.%F0');
    expect(verdict?.headers.authorization).toBe(`Bearer ${keys.anonKey}`);
  });

  it('keeps anon out of meta and lets the service key in', () => {
    expect(refusal(ask('/pg/tables', { headers: { apikey: keys.anonKey } }))).toMatchObject({
      status: 403,
      message: 'You cannot consume this service',
    });
    expect(passed(ask('/pg/tables', { headers: { apikey: keys.serviceRoleKey } }))).toBeDefined();
  });

  it('can be switched off, but never for meta, and a wrong key stays wrong', () => {
    const off = { requireApiKey: false };
    expect(passed(ask('/rest/v1/todos', {}, off))?.headers.authorization).toBeUndefined();
    expect(refusal(ask('/pg/tables', {}, off))?.code).toBe('no_api_key');
    expect(refusal(ask('/rest/v1/todos', { headers: { apikey: 'wrong' } }, off))?.code).toBe('invalid_credentials');
  });
});

describe('Authorization', () => {
  it.each([
    ['a legacy key alone', keys.anonKey, undefined, `Bearer ${keys.anonKey}`],
    ['the service key alone', keys.serviceRoleKey, undefined, `Bearer ${keys.serviceRoleKey}`],
    ['an opaque key alone', keys.publishableKey, undefined, `Bearer ${keys.anonKey}`],
    ['an opaque key in both places', keys.secretKey, `Bearer ${keys.secretKey}`, `Bearer ${keys.serviceRoleKey}`],
    ['an empty token', keys.anonKey, 'Bearer ', `Bearer ${keys.anonKey}`],
  ])('is made from %s', (_name, apikey, authorization, expected) => {
    const headers = { apikey, ...(authorization !== undefined && { authorization }) };
    expect(passed(ask('/rest/v1/todos', { headers }))?.headers.authorization).toBe(expected);
  });

  it('is left alone when it holds a session token', () => {
    const headers = { apikey: keys.anonKey, authorization: 'Bearer eyJh.session.token' };
    expect(passed(ask('/rest/v1/todos', { headers }))?.headers).not.toHaveProperty('authorization');
  });

  it('alone is no key', () =>
    expect(refusal(ask('/rest/v1/todos', { headers: { authorization: `Bearer ${keys.anonKey}` } }))?.code).toBe(
      'no_api_key',
    ));

  it('with an unknown opaque key is refused, also where no key is needed', () => {
    expect(refusal(ask('/functions/v1/f', { headers: { authorization: 'Bearer sb_secret_nope' } }))?.status).toBe(401);
    expect(refusal(ask('/functions/v1/f', { headers: { apikey: 'sb_secret_nope' } }))?.status).toBe(401);
    expect(passed(ask('/functions/v1/f', { headers: { apikey: 'whatever' } }))).toBeDefined();
  });

  it('is removed when empty, so that presigned URLs work', () => {
    const verdict = passed(ask('/storage/v1/object/a', { headers: { authorization: '' } }));
    expect(verdict?.headers).toHaveProperty('authorization', undefined);
  });
});

describe('preflight', () => {
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
  it('needs no key', () => expect(ask('/rest/v1/todos', { method: 'OPTIONS', headers }).kind).toBe('preflight'));
  it('is only one with both headers', () =>
    expect(refusal(ask('/rest/v1/todos', { method: 'OPTIONS' }))?.code).toBe('no_api_key'));
  it('does not exist for meta', () =>
    expect(refusal(ask('/pg/tables', { method: 'OPTIONS', headers }))?.code).toBe('no_api_key'));
});

describe('dashboard', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  it('lets browsers through to the page where people sign in, as nobody', () => {
    for (const path of ['/', '/project/default', '/editor/public/todos'])
      expect(passed(ask(path, { headers: browser }))).toEqual({
        kind: 'pass',
        url: path,
        headers: { authorization: undefined },
      });
    expect(refusal(ask('/inbox', { headers: browser }))?.code).toBe('unauthorized');
    expect(refusal(ask('/', { headers: { ...browser, ...basic('supabase:wrong') } }))?.code).toBe(
      'invalid_credentials',
    );
  });
  it('leaves its scripts and its interface to a session', () => {
    for (const path of ['/assets/index.js', '/api/studio/session', '/api/rooms/meta/query'])
      expect(passed(ask(path))?.headers).toEqual({ authorization: undefined });
    expect(refusal(ask('/api/platform/profile'))?.code).toBe('unauthorized');
    expect(passed(ask('/api/studio/session', { headers: basic('supabase:open: sesame') }))?.headers).toMatchObject({
      'x-consumer-username': 'DASHBOARD',
    });
  });
  it('takes no credentials by HTTP Basic where that is off, and does not ask for them', () => {
    const off = { dashboardBasic: false };
    expect(refusal(ask('/', { headers: basic('supabase:open: sesame') }, off))).toMatchObject({
      status: 401,
      headers: {},
    });
    expect(refusal(ask('/', {}, off))).toMatchObject({ status: 401, headers: {} });
    expect(passed(ask('/', { headers: browser }, off))).toBeDefined();
  });
  it('asks for credentials', () => {
    const error = refusal(ask('/'));
    expect(error).toMatchObject({ status: 401, message: 'Unauthorized' });
    expect(error?.headers['www-authenticate']).toBe('Basic realm="kong"');
  });
  it('refuses wrong ones without asking again', () => {
    for (const headers of [basic('supabase:wrong'), { authorization: 'Bearer x' }, basic('supabase:')])
      expect(refusal(ask('/', { headers }))).toMatchObject({ code: 'invalid_credentials', headers: {} });
  });
  it('takes a password with a colon and does not pass it on', () => {
    const verdict = passed(ask('/project/default', { headers: basic('supabase:open: sesame') }));
    expect(verdict?.headers).toHaveProperty('authorization', undefined);
  });
  it('stays shut without a password', () => {
    const changed = { dashboardPassword: undefined };
    expect(refusal(ask('/', { headers: basic('supabase:') }, changed))?.code).toBe('invalid_credentials');
  });
});

it('blocks what must not be public, whatever the key', () => {
  for (const path of ['/realtime/v1/api/tenants/x', '/mcp', '/analytics/v1/api/sources'])
    expect(refusal(ask(path, { headers: { apikey: keys.serviceRoleKey } }))).toMatchObject({ status: 403 });
});
