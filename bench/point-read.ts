// Measured against pgbench running the same transaction over the same socket (ceiling), and against the naive driver:
// the same statements through `pg`, a round trip each. Bars at 32 connections: 0.2 × pgbench, 2.5 × naive.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { type LoadResult, load, median } from './support/load.ts';
import { pgbench } from './support/pgbench.ts';
import { type Product, startProduct } from './support/product.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 3);
const rows = 100_000;
const user = '11111111-1111-4111-8111-111111111111';

const product = await startProduct();
try {
  await seed(product);
  const claims = {
    sub: user,
    role: 'authenticated',
    aud: 'authenticated',
    exp: Math.floor(Date.now() / 1_000) + 3_600,
  };
  const naive = await startNaive(product, 'plain');
  const prepared = await startNaive(product, 'prepared');
  try {
    for (const connections of [1, 32])
      await compare(product, { naive: naive.port, prepared: prepared.port }, claims, connections);
  } finally {
    naive.stop();
    prepared.stop();
  }
} finally {
  await product.stop();
  product.remove();
}

async function seed({ database, env }: Product): Promise<void> {
  const client = new pg.Client({
    host: database.socketDir,
    port: database.port,
    database: database.name,
    user: 'postgres',
    password: env.POSTGRES_PASSWORD ?? '',
  });
  await client.connect();
  await client.query(`
    create table bench_todos (id int primary key, owner uuid, title text, done bool, inserted_at timestamptz default now());
    insert into bench_todos select n, '${user}', 'todo ' || n, false from generate_series(1, ${rows}) n;
    alter table bench_todos enable row level security;
    create policy own on bench_todos using ((select auth.uid()) = owner);
    analyze bench_todos;`);
  await client.end();
}

async function startNaive({ database, env }: Product, mode: 'plain' | 'prepared') {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      `${import.meta.dirname}/support/naive-server.ts`,
      database.socketDir,
      String(database.port),
      database.name,
      env.POSTGRES_PASSWORD ?? '',
      env.JWT_SECRET ?? '',
      mode,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()), stop: () => child.kill() };
}

function token(claims: object, secret: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

async function compare(
  { url, env, database }: Product,
  ports: { readonly naive: number; readonly prepared: number },
  claims: object,
  connections: number,
) {
  const bearer = token(claims, env.JWT_SECRET ?? '');
  const { hostname, port } = new URL(url);
  const pick = () => 1 + Math.floor(Math.random() * rows);
  const headers = `Host: localhost\r\napikey: ${env.ANON_KEY}\r\nAuthorization: Bearer ${bearer}\r\nAccept: application/json\r\n\r\n`;
  const ours = () =>
    load({
      host: hostname,
      port: Number(port),
      connections,
      duration: seconds * 1_000,
      next: () =>
        `GET /rest/v1/bench_todos?select=id,owner,title,done,inserted_at&id=eq.${pick()} HTTP/1.1\r\n${headers}`,
    });
  const theirs = (naivePort: number) =>
    load({
      host: '127.0.0.1',
      port: naivePort,
      connections,
      duration: seconds * 1_000,
      next: () => `GET /?id=eq.${pick()} HTTP/1.1\r\n${headers}`,
    });
  const ceiling = (pipelined: boolean) =>
    pgbench({
      socketDir: database.socketDir,
      port: database.port,
      database: database.name,
      user: 'authenticator',
      password: env.POSTGRES_PASSWORD ?? '',
      script: transaction(JSON.stringify(claims), pipelined),
      clients: connections,
      seconds,
    });
  const runs: { ours: LoadResult[]; naive: number[]; prepared: number[]; plain: number[]; pipelined: number[] } = {
    ours: [],
    naive: [],
    prepared: [],
    plain: [],
    pipelined: [],
  };
  let command = '';
  for (let round = 0; round < rounds; round++) {
    runs.ours.push(await ours());
    runs.plain.push(ceiling(false).perSecond);
    const best = ceiling(true);
    runs.pipelined.push(best.perSecond);
    command = best.command;
    runs.naive.push((await theirs(ports.naive)).perSecond);
    runs.prepared.push((await theirs(ports.prepared)).perSecond);
  }
  const rate = median(runs.ours.map(({ perSecond }) => perSecond));
  const figures = [
    ['ours', rate, 1],
    ['pgbench, statement by statement', median(runs.plain), rate / median(runs.plain)],
    ['pgbench, pipelined', median(runs.pipelined), rate / median(runs.pipelined)],
    ['naive driver', median(runs.naive), rate / median(runs.naive)],
    ['naive driver, prepared statements', median(runs.prepared), rate / median(runs.prepared)],
  ] as const;
  console.log(
    `\npoint read by key, JWT and RLS, ${connections} connection(s), median of ${rounds} rounds of ${seconds} s`,
  );
  for (const [name, perSecond, ratio] of figures)
    console.log(`  ${name.padEnd(34)} ${perSecond.toFixed(0).padStart(7)}/s   ours is ${ratio.toFixed(2)} ×`);
  const p = (key: 'p50' | 'p95' | 'p99') => median(runs.ours.map((run) => run[key])).toFixed(2);
  console.log(`  ours: p50 ${p('p50')} ms, p95 ${p('p95')} ms, p99 ${p('p99')} ms`);
  console.log(`  opponent: ${command}`);
}

// What the rest room sends for this request, as a pgbench script.
function transaction(claims: string, pipelined: boolean): string {
  const settings = [
    ['search_path', '"public", "public", "extensions"'],
    ['role', 'authenticated'],
    ['request.jwt.claims', claims],
    ['request.method', 'GET'],
    ['request.path', '/bench_todos'],
    ['request.headers', '{"host":"localhost","accept":"application/json"}'],
    ['request.cookies', '{}'],
  ]
    .map(([name, value]) => `set_config('${name}', '${value}', true)`)
    .join(', ');
  return `\\set id random(1, ${rows})
${pipelined ? '\\startpipeline' : ''}
begin isolation level read committed read only;
select ${settings};
with pgrst_source as (select id, owner, title, done, inserted_at from public.bench_todos where id = :id)
select null::bigint as total_result_set, pg_catalog.count(_postgrest_t) as page_total,
  coalesce(json_agg(_postgrest_t), '[]') as body, nullif(current_setting('response.headers', true), '') as response_headers,
  nullif(current_setting('response.status', true), '') as response_status
from (select * from pgrst_source) _postgrest_t;
commit;
${pipelined ? '\\endpipeline' : ''}
`;
}
