import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signedUpClient, until, untilServed } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Connections to the database are shared by everybody. Whatever happens on one, nothing of it may reach the next request.
const stack = sharedStack();
const { anonKey, serviceKey } = stack.env;
const rowsEach = 40;

interface Person {
  readonly id: string | null;
  readonly token: string;
  readonly rows: number;
}

let people: Person[];

beforeAll(async () => {
  await runSql(
    stack,
    `create table diaries (owner uuid not null, page int not null, text text not null, primary key (owner, page));
     alter table diaries enable row level security;
     create policy own on diaries to authenticated using ((select auth.uid()) = owner);
     create function diary_reader() returns json language sql stable as $$
       select json_build_object('uid', auth.uid(), 'role', current_user, 'path', current_setting('search_path')) $$;
     create function diary_nap(seconds float) returns text language sql as $$ select 'x' from pg_sleep(seconds) $$;
     create function diary_poison(claims text) returns text language sql as $$
       select set_config('request.jwt.claims', claims, false) || set_config('request.jwt.claim.sub', '', false)
         || set_config('search_path', 'pg_catalog', false) || set_config('role', 'service_role', false) $$;`,
  );
  const users = await Promise.all(
    [1, 2, 3, 4].map((n) => signedUpClient(stack, `writer${n}@isolation.example`, 'correct horse 1')),
  );
  for (const { id } of users)
    await runSql(
      stack,
      `insert into diaries select $1::uuid, n, 'of ' || $1::uuid from generate_series(1, ${rowsEach}) n`,
      [id],
    );
  await untilServed(stack, ['diaries']);
  people = [
    ...users.map(({ id, token }) => ({ id, token, rows: rowsEach })),
    { id: null, token: anonKey, rows: 0 },
    { id: null, token: serviceKey, rows: rowsEach * users.length },
  ];
  await until(
    'the functions being served',
    async () => (await call('rpc/diary_reader', people[0] as Person)).status === 200,
  );
});

afterAll(async () => {
  await runSql(
    stack,
    `drop function diary_reader, diary_nap, diary_poison; drop table diaries;
     delete from auth.users where email like '%@isolation.example'`,
  );
});

function call(path: string, { token }: Person, init: RequestInit = {}): Promise<Response> {
  const headers = { apikey: anonKey, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(`${stack.url}/rest/v1/${path}`, { ...init, headers });
}

/** Reads as somebody, and compares with what they may see. @returns what was wrong */
async function look(person: Person): Promise<string | undefined> {
  const answer = await call('diaries?select=owner,text', person);
  if (answer.status === 503) return void (await answer.arrayBuffer());
  const rows = (await answer.json()) as { owner: string; text: string }[];
  if (answer.status !== 200) return `${answer.status} ${JSON.stringify(rows)}`;
  if (rows.length !== person.rows) return `${person.id} saw ${rows.length} rows instead of ${person.rows}`;
  const foreign =
    person.id !== null && rows.some(({ owner, text }) => owner !== person.id || text !== `of ${person.id}`);
  return foreign ? `${person.id} saw rows of others` : undefined;
}

async function ask(person: Person): Promise<string | undefined> {
  const answer = await call('rpc/diary_reader', person, { method: 'POST', body: '{}' });
  if (answer.status === 503) return void (await answer.arrayBuffer());
  const { uid, role } = (await answer.json()) as { uid: string | null; role: string };
  const expected = person.id !== null ? 'authenticated' : person.rows > 0 ? 'service_role' : 'anon';
  return uid === person.id && role === expected ? undefined : `${person.id} was taken for ${uid} as ${role}`;
}

/** Things that go wrong on a connection: refused statements, clients that leave in the middle. */
const disturbances: readonly ((person: Person) => Promise<unknown>)[] = [
  (person) => call('diaries?select=nothing', person),
  (person) => call('diaries?page=eq.x', person),
  (person) => call('diaries', person, { method: 'POST', body: '{"owner":"not a uuid"}' }),
  (person) => call('rpc/diary_nap', person, { method: 'POST', body: '{"seconds":"never"}' }),
  async (person) => {
    const abort = new AbortController();
    const nap = call('rpc/diary_nap', person, { method: 'POST', body: '{"seconds":0.3}', signal: abort.signal });
    await sleep(Math.random() * 20);
    abort.abort();
    await nap.catch(() => undefined);
  },
  async (person) => {
    const abort = new AbortController();
    const read = call('diaries?select=*', person, { signal: abort.signal });
    await sleep(Math.random() * 3);
    abort.abort();
    await read.catch(() => undefined);
  },
];

test('under load, with errors and clients that leave, everybody sees their own rows and nothing else', async () => {
  const wrong: string[] = [];
  let looks = 0;
  const goal = 600;
  const deadline = performance.now() + 40_000;
  const going = () => looks < goal && wrong.length < 10 && performance.now() < deadline;
  const visitor = async (at: number) => {
    while (going()) {
      const person = people[Math.floor(Math.random() * people.length)] as Person;
      const complaint = await (at % 2 === 0 ? look(person) : ask(person));
      looks++;
      if (complaint !== undefined) wrong.push(complaint);
    }
  };
  const troublemaker = async () => {
    while (going()) {
      const person = people[Math.floor(Math.random() * people.length)] as Person;
      const answer = await disturbances[Math.floor(Math.random() * disturbances.length)]?.(person);
      if (answer instanceof Response) await answer.arrayBuffer();
    }
  };
  await Promise.all([
    ...Array.from({ length: 24 }, (_, at) => visitor(at)),
    ...Array.from({ length: 12 }, troublemaker),
  ]);
  expect(wrong).toEqual([]);
  expect(looks).toBeGreaterThanOrEqual(goal);
  await until('health being good', async () => (await fetch(`${stack.url}/health`)).status === 200);
});

test('settings that a function leaves on a connection do not reach the next request', async () => {
  const [victim, villain] = people as [Person, Person];
  const anonymous = people[4] as Person;
  const body = JSON.stringify({ claims: JSON.stringify({ sub: victim.id, role: 'authenticated' }) });
  // More of them at a time than there are connections, so that each gets its share.
  const poison = () => call('rpc/diary_poison', villain, { method: 'POST', body });
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await poison()).status));
  expect(statuses.every((status) => status === 200 || status >= 400)).toBe(true);
  const complaints = await Promise.all(
    Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? look : ask)([anonymous, villain, victim][at % 3] as Person)),
  );
  expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([]);
});
