// Logins against the bcrypt library called directly (cores − 1 at a time, lowered priority), both while rest serves 200 point
// reads a second (bar: 0.85 × the library, p95 of the reads at most 2 × without logins); refresh (bar 0.35 ×) and GET /user
// (bar 0.25 ×) against pgbench running the same statements.
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import pg from 'pg';
import { load, median } from './support/load.ts';
import { paced } from './support/paced.ts';
import { runScript } from './support/pgbench-script.ts';
import { type Product, startProduct } from './support/product.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 4);
const wanted = (process.env.ONLY ?? 'logins,refresh,user').split(',');
const atATime = Math.max(1, availableParallelism() - 1);
const rows = 10_000;
const clients = 8;
const password = 'correct horse';

const product = await startProduct({
  settings: {
    ENABLE_EMAIL_AUTOCONFIRM: 'true',
    GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10',
  },
  ...(process.env.PROFILE && { nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`] }),
});
const database = await connect(product);
try {
  const { hostname, port } = new URL(product.url);
  const target = { host: hostname, port: Number(port) };
  await seed(database, product.env.ANON_KEY ?? '');
  if (wanted.includes('logins')) await logins(product, target);
  if (wanted.includes('refresh')) await refresh(product, database, target);
  if (wanted.includes('user')) await user(product, target);
} finally {
  await database.end();
  await product.stop();
  product.remove();
}

interface Session {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly user: { readonly id: string };
}

async function connect({ database, env }: Product): Promise<pg.Client> {
  const client = new pg.Client({
    host: database.socketDir,
    port: database.port,
    database: database.name,
    user: 'supabase_admin',
    password: env.POSTGRES_PASSWORD ?? '',
  });
  await client.connect();
  return client;
}

async function seed(client: pg.Client, anonKey: string): Promise<void> {
  await client.query(`
    create table public.bench_todos (id int primary key, title text);
    insert into public.bench_todos select n, 'todo ' || n from generate_series(1, ${rows}) n;
    grant select on public.bench_todos to anon;
    notify pgrst, 'reload schema';`);
  for (let index = 0; index < clients; index++) await signUp(`user${index}@example.com`, anonKey);
  await client.query('analyze');
  const url = `${product.url}/rest/v1/bench_todos?id=eq.1`;
  for (let tries = 0; (await fetch(url, { headers: { apikey: anonKey } })).status !== 200; tries++) {
    if (tries > 100) throw new Error('the table does not appear in the API');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function signUp(email: string, anonKey: string): Promise<Session> {
  const answer = await fetch(`${product.url}/auth/v1/signup`, {
    method: 'POST',
    headers: { apikey: anonKey },
    body: JSON.stringify({ email, password }),
  });
  if (answer.status !== 200) throw new Error(`sign-up: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Session;
}

async function signIn(index: number): Promise<Session> {
  const answer = await fetch(`${product.url}/auth/v1/token?grant_type=password`, {
    method: 'POST',
    headers: { apikey: product.env.ANON_KEY ?? '' },
    body: JSON.stringify({ email: `user${index}@example.com`, password }),
  });
  if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Session;
}

function post(path: string, body: object): string {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\napikey: ${product.env.ANON_KEY}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

async function logins({ url, env }: Product, target: { host: string; port: number }): Promise<void> {
  const reads = (duration: number) =>
    paced({
      url: () => `${url}/rest/v1/bench_todos?select=id,title&id=eq.${1 + Math.floor(Math.random() * rows)}`,
      headers: { apikey: env.ANON_KEY ?? '' },
      perSecond: 200,
      duration,
    });
  const duration = seconds * 1_000;
  let next = 0;
  const signIns = () =>
    load({
      ...target,
      connections: atATime + 2,
      duration,
      next: () =>
        post('/auth/v1/token?grant_type=password', { email: `user${next++ % clients}@example.com`, password }),
    });
  const run = promisify(execFile);
  const alone = async (): Promise<number> => {
    const file = `${import.meta.dirname}/support/bcrypt-alone.ts`;
    const { stdout } = await run(process.execPath, ['--import', 'tsx', file, String(atATime), String(duration)]);
    return Number(stdout);
  };
  await reads(1_000);
  const figures = { ours: [] as number[], theirs: [] as number[], quiet: [] as number[], busy: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    figures.quiet.push((await reads(duration)).p95);
    const [ours, during] = await Promise.all([signIns(), reads(duration)]);
    figures.ours.push(ours.perSecond);
    figures.busy.push(during.p95);
    const [theirs] = await Promise.all([alone(), reads(duration)]);
    figures.theirs.push(theirs);
  }
  const [ours, theirs] = [median(figures.ours), median(figures.theirs)];
  const [quiet, busy] = [median(figures.quiet), median(figures.busy)];
  console.log(
    `\nlogins, ${atATime} hash(es) at a time, beside 200 reads a second, median of ${rounds} rounds of ${seconds} s`,
  );
  console.log(
    `  ours ${ours.toFixed(1)}/s, the library alone ${theirs.toFixed(1)}/s: ${(ours / theirs).toFixed(2)} × (bar 0.85)`,
  );
  console.log(
    `  reads: p95 ${quiet.toFixed(2)} ms without logins, ${busy.toFixed(2)} ms with: ${(busy / quiet).toFixed(2)} × (bar 2)`,
  );
}

async function refresh(product: Product, database: pg.Client, target: { host: string; port: number }): Promise<void> {
  const tokens = await Promise.all(
    Array.from({ length: clients }, async (_, index) => (await signIn(index)).refresh_token),
  );
  // Each connection goes on with the token it got last.
  let turn = 0;
  const ours: number[] = [];
  const same: number[] = [];
  const conversation: number[] = [];
  const measure = async (script: (turn: number) => string): Promise<number> => {
    await database.query(`
      delete from auth.refresh_tokens where token like 'bench-%';
      insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
      select '00000000-0000-0000-0000-000000000000', 'bench-${turn}-' || n || '-0', user_id, false, now(), now(), '', id
      from (select s.*, row_number() over () - 1 as n from
        (select distinct on (user_id) id, user_id from auth.sessions order by user_id, created_at desc) s) t
      where n < ${clients}`);
    return rateOf(product, script(turn++));
  };
  for (let round = 0; round < rounds; round++) {
    ours.push(await refreshLoop(target, tokens, seconds * 1_000));
    same.push(await measure(refreshScript));
    conversation.push(await measure(conversationScript));
  }
  report('refresh', median(ours), median(same), 0.35);
  report('refresh, the conversation under locks', median(ours), median(conversation), 0.35);
}

async function refreshLoop(
  target: { host: string; port: number },
  tokens: string[],
  duration: number,
): Promise<number> {
  const { perSecond } = await load({
    ...target,
    connections: clients,
    duration,
    next: (connection) =>
      post('/auth/v1/token?grant_type=refresh_token', { refresh_token: tokens[connection] as string }),
    answered(body, connection) {
      tokens[connection] = /"refresh_token":"([^"]+)"/.exec(body)?.[1] ?? '';
    },
  });
  return perSecond;
}

function rateOf(product: Product, script: string): number {
  return runScript({ product, user: 'supabase_auth_admin', script, clients, seconds });
}

function report(name: string, ours: number, theirs: number, bar: number): void {
  console.log(`\n${name}, ${clients} connections, median of ${rounds} rounds of ${seconds} s`);
  console.log(
    `  ours ${ours.toFixed(0)}/s, pgbench with the same statements ${theirs.toFixed(0)}/s: ${(ours / theirs).toFixed(2)} × (bar ${bar})`,
  );
}

function userColumns(): string {
  return `row_to_json(u) as "user",
  (select coalesce(json_agg(row_to_json(i) order by i.created_at, i.id), '[]') from auth.identities i where i.user_id = u.id) as identities,
  (select coalesce(json_agg(row_to_json(f) order by f.created_at, f.id), '[]') from (select id, user_id, friendly_name,
    factor_type, status, phone, created_at, updated_at, last_challenged_at from auth.mfa_factors) f where f.user_id = u.id) as factors`.replaceAll(
    '\n',
    ' ',
  );
}

function amr(): string {
  return `(select coalesce(json_agg(json_build_object('method', a.authentication_method, 'updated_at', a.updated_at)
  order by a.updated_at desc, a.id), '[]') from auth.mfa_amr_claims a where a.session_id = s.id) as amr`.replaceAll(
    '\n',
    ' ',
  );
}

function state(): string {
  return `row_to_json(t) as token, row_to_json(s) as session, s.xmin::text as version, ${amr()}, ${userColumns()}`;
}

function payload(): string {
  return `json_build_object('actor_id', '11111111-1111-4111-8111-111111111111', 'actor_via_sso', false, 'actor_username', 'user@example.com', 'action', 'token_refreshed', 'log_type', 'token')`;
}

function tokenOf(turn: number, step = 0): string {
  return `'bench-${turn}-' || (:client_id)::text || '-' || (:n + ${step})::text`;
}

// What the auth room sends for a refresh: it reads, decides, and rotates in one statement where nothing has changed since.
function refreshScript(turn: number): string {
  const [token, child] = [tokenOf(turn), tokenOf(turn, 1)];
  const held = 'exists (select from held)';
  return `select ${state()} from auth.refresh_tokens t join auth.users u on u.id = t.user_id::uuid left join auth.sessions s on s.id = t.session_id where t.token = ${token};
with held as (select t.user_id, s.id from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id where t.token = ${token} and t.revoked = false and s.xmin::text <> '' for update of t, s skip locked), logged as (insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), payload, now(), '' from json_array_elements(json_build_array(${payload()}, ${payload()})) as payload where ${held}), used as (update auth.refresh_tokens set revoked = true, updated_at = now() where token = ${token} and revoked = false and ${held}), refreshed as (update auth.sessions set refreshed_at = now() at time zone 'UTC', updated_at = now(), user_agent = 'x', ip = '127.0.0.1' where id = (select id from held) and ${held}) insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id) select '00000000-0000-0000-0000-000000000000', ${child}, user_id, false, now(), now(), ${token}, id from held;
\\set n :n + 1
`;
}

// What it sends where rows are contested or a setting asks for more: a conversation under row locks.
function conversationScript(turn: number): string {
  const [token, child] = [tokenOf(turn), tokenOf(turn, 1)];
  return `select ${state()} from auth.refresh_tokens t join auth.users u on u.id = t.user_id::uuid left join auth.sessions s on s.id = t.session_id where t.token = ${token};
begin;
select ${state()} from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id join auth.users u on u.id = s.user_id where t.token = ${token} for update of t, s skip locked;
with used as (update auth.refresh_tokens set revoked = true, updated_at = now() where token = ${token} and revoked = false returning user_id, session_id), refreshed as (update auth.sessions set refreshed_at = now() at time zone 'UTC', updated_at = now(), user_agent = 'x', ip = '127.0.0.1' where id = (select session_id from used)) insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id) select '00000000-0000-0000-0000-000000000000', ${child}, user_id, false, now(), now(), ${token}, session_id from used;
insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address) select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), payload, now(), '' from unnest(array[${payload()}, ${payload()}]) as payload;
commit;
\\set n :n + 1
`;
}

async function user(product: Product, target: { host: string; port: number }): Promise<void> {
  const sessions = await Promise.all(Array.from({ length: clients }, (_, index) => signIn(index)));
  const secret = product.env.JWT_SECRET ?? '';
  const part = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  // Signed here as the room signs, so that tokens outlive any number of rounds.
  const tokens = sessions.map(({ access_token: token }) => {
    const body = `${token.split('.')[0]}.${Buffer.from(JSON.stringify({ ...part(token), exp: 4_000_000_000 })).toString('base64url')}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  });
  let next = 0;
  const request = () =>
    `GET /auth/v1/user HTTP/1.1\r\nHost: localhost\r\napikey: ${product.env.ANON_KEY}\r\nAuthorization: Bearer ${tokens[next++ % clients]}\r\n\r\n`;
  const ids = sessions.map(({ user: { id }, access_token: token }) => [id, part(token).session_id as string] as const);
  const [id, session] = ids[0] ?? ['', ''];
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push((await load({ ...target, connections: clients, duration: seconds * 1_000, next: request })).perSecond);
    theirs.push(
      rateOf(
        product,
        `begin read only;
select ${userColumns()}, (select row_to_json(s) from auth.sessions s where s.id = '${session}' and s.user_id = u.id) as session from auth.users u where u.id = '${id}';
commit;
`,
      ),
    );
  }
  report('GET /user', median(ours), median(theirs), 0.25);
}
