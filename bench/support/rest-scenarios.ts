import { createHmac } from 'node:crypto';
import type { Product } from './product.ts';
import { asPostgres } from './product-sql.ts';

/** One kind of request to rest. */
export interface Scenario {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Path and query below `/rest/v1`. `KEY` in it stands for a random whole number from 1 to `keys`. */
  readonly target: string;
  readonly keys: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** True: every request carries a token that was not seen lately. */
  readonly freshTokens: boolean;
}

/** What stands for the random number in a target. */
export const keyMark = 'KEY';

const owner = '11111111-1111-4111-8111-111111111111';
const projects = 1_000;
const todos = 100_000;

/** The tables of all scenarios, with row-level security on each. */
export async function seed(product: Product): Promise<void> {
  await asPostgres(
    product,
    `create table bench_projects (id int primary key, owner uuid not null, name text);
     create table bench_todos (id int primary key, owner uuid not null, project_id int references bench_projects,
       title text, done bool, inserted_at timestamptz default now());
     create table bench_notes (id int primary key, owner uuid not null, todo_id int references bench_todos, body text);
     create table bench_inserts (id bigint generated always as identity primary key, owner uuid default auth.uid(),
       title text, done bool);
     insert into bench_projects select n, '${owner}', 'project ' || n from generate_series(1, ${projects}) n;
     insert into bench_todos select n, '${owner}', 1 + n % ${projects}, 'todo ' || n, n % 3 = 0 from generate_series(1, ${todos}) n;
     insert into bench_notes select n, '${owner}', n, 'note ' || n from generate_series(1, ${todos}) n;
     create index on bench_todos (project_id, id);
     create index on bench_notes (todo_id);
     alter table bench_projects enable row level security;
     alter table bench_todos enable row level security;
     alter table bench_notes enable row level security;
     alter table bench_inserts enable row level security;
     create policy own on bench_projects using ((select auth.uid()) = owner);
     create policy own on bench_todos using ((select auth.uid()) = owner);
     create policy own on bench_notes using ((select auth.uid()) = owner);
     create policy own on bench_inserts using ((select auth.uid()) = owner);
     create table bench_large (id int primary key, title text);
     insert into bench_large select n, repeat(md5(n::text), 320) from generate_series(1, 1000) n;
     alter table bench_large enable row level security;
     create policy everybody on bench_large using (true);
     notify pgrst, 'reload schema'`,
  );
  // It cannot be part of a transaction, and statements sent together are one.
  await asPostgres(product, 'vacuum analyze');
}

const json = { 'Content-Type': 'application/json' };
const rowsOf = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, n) => ({ title: `a title of usual length ${n}`, done: false })));

const pointRead = {
  method: 'GET',
  target: `/bench_todos?select=id,owner,title,done,inserted_at&id=eq.${keyMark}`,
  keys: todos,
  headers: {},
  body: undefined,
} as const;

/** All scenarios by the name they are chosen with. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  point: { ...pointRead, name: 'point read by key, JWT and RLS', freshTokens: false },
  fresh: { ...pointRead, name: 'the same, a new token on every request', freshTokens: true },
  list: {
    name: 'list of 20 with exact count',
    method: 'GET',
    target: `/bench_todos?select=*&project_id=eq.${keyMark}&order=id.desc&limit=20`,
    keys: projects,
    headers: { Prefer: 'count=exact' },
    body: undefined,
    freshTokens: false,
  },
  embed: {
    name: 'embed of two levels (1 project, 10 todos, their notes)',
    method: 'GET',
    target: `/bench_projects?select=id,name,bench_todos(id,title,done,bench_notes(id,body))&id=eq.${keyMark}&bench_todos.limit=10`,
    keys: projects,
    headers: {},
    body: undefined,
    freshTokens: false,
  },
  insert: {
    name: 'insert of one row',
    method: 'POST',
    target: '/bench_inserts',
    keys: 1,
    headers: json,
    body: rowsOf(1).slice(1, -1),
    freshTokens: false,
  },
  bulk: {
    name: 'insert of 1,000 rows',
    method: 'POST',
    target: '/bench_inserts?columns=%22title%22,%22done%22',
    keys: 1,
    headers: json,
    body: rowsOf(1_000),
    freshTokens: false,
  },
};

/** The claims of all tokens. */
export const claims = { sub: owner, role: 'authenticated', aud: 'authenticated', exp: 4_000_000_000 };

/** A signed token. @param more further claims */
export function token(secret: string, more: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, ...more })}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** More tokens than any server under test remembers, made beforehand: signing is not what is measured. */
export const manyTokens = (secret: string): readonly string[] =>
  Array.from({ length: 20_000 }, (_, n) => token(secret, { session_id: `session ${n}` }));
