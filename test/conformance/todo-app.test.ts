import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, newClient, signedUpClient, untilServed } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// A todo application as somebody would write it against hosted Supabase: tables with row level security, two users who
// must never see each other's rows, and the official client throughout.
const stack = sharedStack();

const schema = `
  create table todo_lists (
    id bigint generated always as identity primary key,
    owner uuid not null default auth.uid() references auth.users (id) on delete cascade,
    title text not null check (length(title) between 1 and 200),
    unique (owner, title)
  );
  create table todos (
    id uuid primary key default gen_random_uuid(),
    list_id bigint not null references todo_lists (id) on delete cascade,
    owner uuid not null default auth.uid() references auth.users (id) on delete cascade,
    task text not null,
    done boolean not null default false,
    priority int not null default 3,
    tags text[] not null default '{}',
    meta jsonb not null default '{}',
    due timestamptz,
    inserted_at timestamptz not null default now()
  );
  alter table todo_lists enable row level security;
  alter table todos enable row level security;
  create policy own_lists on todo_lists to authenticated
    using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
  create policy own_todos on todos to authenticated
    using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
  create function complete_all(list bigint) returns integer language plpgsql as $$
    declare changed integer;
    begin
      update todos set done = true where list_id = list and not done;
      get diagnostics changed = row_count;
      if changed = 0 then raise exception 'nothing to complete in list %', list using hint = 'Add a task first'; end if;
      return changed;
    end $$;
  create function todo_stats() returns table (done boolean, todos bigint, urgent bigint) language sql stable as
    $$ select done, count(*), count(*) filter (where priority = 1) from todos group by done order by done $$;
  create function whoami() returns json language sql stable as
    $$ select json_build_object('uid', auth.uid(), 'role', auth.role(), 'email', auth.email()) $$;`;

let alice: Awaited<ReturnType<typeof signedUpClient>>;
let bob: Awaited<ReturnType<typeof signedUpClient>>;
let anonymous: Client;
let service: Client;
let aliceList: number;
let bobList: number;
let aliceTodo: string;
let bobTodo: string;

/** The data of an answer that has to be good. */
function good<T>(answer: { data: T; error: unknown }): NonNullable<T> {
  expect(answer.error).toBeNull();
  return answer.data as NonNullable<T>;
}

beforeAll(async () => {
  await runSql(stack, schema);
  await untilServed(stack, ['todo_lists', 'todos']);
  alice = await signedUpClient(stack, 'alice@todo.example');
  bob = await signedUpClient(stack, 'bob@todo.example');
  anonymous = newClient(stack, stack.env.anonKey);
  service = newClient(stack, stack.env.serviceKey);

  aliceList = good(await alice.client.from('todo_lists').insert({ title: 'Home' }).select('id').single()).id;
  bobList = good(await bob.client.from('todo_lists').insert({ title: 'Work' }).select('id').single()).id;
  aliceTodo = good(
    await alice.client
      .from('todos')
      .insert({
        list_id: aliceList,
        task: 'Buy milk',
        tags: ['shop', 'food'],
        priority: 1,
        meta: { shop: { aisle: 7 } },
      })
      .select()
      .single(),
  ).id;
  bobTodo = good(
    await bob.client
      .from('todos')
      .insert({ list_id: bobList, task: 'File report', tags: ['office'] })
      .select()
      .single(),
  ).id;
});

afterAll(async () => {
  await runSql(
    stack,
    `drop function complete_all, todo_stats, whoami; drop table todos, todo_lists;
     delete from auth.users where email like '%@todo.example'`,
  );
});

describe('each user has only their own rows', () => {
  const directions = [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const;

  function people(name: 'alice' | 'bob') {
    return name === 'alice'
      ? { ...alice, list: aliceList, todo: aliceTodo, task: 'Buy milk' }
      : { ...bob, list: bobList, todo: bobTodo, task: 'File report' };
  }

  test.each(directions)('%s reads own rows and none of %s', async (mine, theirs) => {
    const [me, other] = [people(mine), people(theirs)];
    expect(good(await me.client.from('todos').select('id, owner'))).toEqual([{ id: me.todo, owner: me.id }]);
    expect(good(await me.client.from('todos').select().eq('id', other.todo))).toEqual([]);
    const { count } = await me.client.from('todos').select('*', { count: 'exact', head: true });
    expect(count).toBe(1);
  });

  test.each(directions)('%s cannot update, delete or take over a row of %s', async (mine, theirs) => {
    const [me, other] = [people(mine), people(theirs)];
    expect(good(await me.client.from('todos').update({ task: 'mine now' }).eq('id', other.todo).select())).toEqual([]);
    const silent = await me.client.from('todos').update({ owner: me.id }).eq('id', other.todo);
    expect(silent).toMatchObject({ status: 204, error: null, data: null });
    expect(good(await me.client.from('todos').delete().eq('id', other.todo).select())).toEqual([]);
    expect(good(await other.client.from('todos').select('task, owner').eq('id', other.todo))).toEqual([
      { task: other.task, owner: other.id },
    ]);
  });

  test.each(directions)('%s cannot insert or upsert in the name of %s, nor give a row away', async (mine, theirs) => {
    const [me, other] = [people(mine), people(theirs)];
    const refused = { status: 403, error: { code: '42501' } };
    const row = { list_id: me.list, owner: other.id, task: 'planted' };
    expect(await me.client.from('todos').insert(row)).toMatchObject(refused);
    expect(await me.client.from('todos').upsert({ ...row, id: other.todo })).toMatchObject(refused);
    expect(await me.client.from('todos').update({ owner: other.id }).eq('id', me.todo)).toMatchObject(refused);
    expect(good(await service.from('todos').select('id').eq('task', 'planted'))).toEqual([]);
  });

  test('nobody sees anything without a session, and cannot insert', async () => {
    expect(good(await anonymous.from('todos').select())).toEqual([]);
    expect(await anonymous.from('todos').insert({ list_id: aliceList, owner: alice.id, task: 'x' })).toMatchObject({
      status: 401,
      error: { code: '42501' },
    });
  });

  test('the service key sees the rows of both', async () => {
    const rows = good(await service.from('todos').select('id').in('id', [aliceTodo, bobTodo]));
    expect(rows.map(({ id }) => id).sort()).toEqual([aliceTodo, bobTodo].sort());
  });

  test('a function knows who calls it', async () => {
    expect(good(await alice.client.rpc('whoami'))).toEqual({
      uid: alice.id,
      role: 'authenticated',
      email: 'alice@todo.example',
    });
    expect(good(await anonymous.rpc('whoami'))).toEqual({ uid: null, role: 'anon', email: null });
    expect(good(await service.rpc('whoami'))).toEqual({ uid: null, role: 'service_role', email: null });
  });
});

describe('writing and reading', () => {
  test('many rows at once; keys that are missing in one of them become null or the default', async () => {
    const rows = [
      { list_id: aliceList, task: 'Water plants', due: '2026-05-01T08:00:00Z', priority: 2 },
      { list_id: aliceList, task: 'Pay rent', due: null, priority: 1 },
      { list_id: aliceList, task: 'Call mum', due: '2026-04-01T18:30:00+02:00', priority: 3 },
    ];
    const written = await alice.client.from('todos').insert(rows).select('task, due, done');
    expect(written.status).toBe(201);
    expect(good(written)).toEqual([
      { task: 'Water plants', due: '2026-05-01T08:00:00+00:00', done: false },
      { task: 'Pay rent', due: null, done: false },
      { task: 'Call mum', due: '2026-04-01T16:30:00+00:00', done: false },
    ]);
    const mixed = [
      { list_id: aliceList, task: 'With tags', tags: ['x'] },
      { list_id: aliceList, task: 'Without' },
    ];
    const defaulted = await alice.client.from('todos').insert(mixed, { defaultToNull: false }).select('task, tags');
    expect(good(defaulted)).toEqual([
      { task: 'With tags', tags: ['x'] },
      { task: 'Without', tags: [] },
    ]);
    expect(await alice.client.from('todos').insert(mixed)).toMatchObject({ status: 400, error: { code: '23502' } });
    good({ ...(await alice.client.from('todos').delete().in('task', ['With tags', 'Without'])), data: true });
  });

  test('an insert without select answers 201 with nothing in it', async () => {
    const answer = await alice.client.from('todos').insert({ list_id: aliceList, task: 'Silent' });
    expect(answer).toMatchObject({ status: 201, data: null, error: null });
    expect(await alice.client.from('todos').delete().eq('task', 'Silent')).toMatchObject({ status: 204, error: null });
  });

  test('upsert inserts, then updates, then ignores', async () => {
    const list = { title: 'Garden', owner: alice.id };
    const options = { onConflict: 'owner,title' };
    const first = await alice.client.from('todo_lists').upsert(list, options).select().single();
    expect(first.status).toBe(201);
    const again = await alice.client.from('todo_lists').upsert(list, options).select().single();
    expect(again.status).toBe(200);
    expect(good(again).id).toBe(good(first).id);
    const ignored = await alice.client
      .from('todo_lists')
      .upsert([list, { ...list, title: 'Attic' }], { ...options, ignoreDuplicates: true })
      .select('title');
    expect(good(ignored)).toEqual([{ title: 'Attic' }]);
    good(await alice.client.from('todo_lists').delete().in('title', ['Garden', 'Attic']).select());
  });

  test('filters, logic, order and pages', async () => {
    const todos = () => alice.client.from('todos').select('task');
    const tasks = (answer: { data: { task: string }[] | null; error: unknown }) => good(answer).map(({ task }) => task);
    expect(tasks(await todos().order('due', { nullsFirst: false }).order('task'))).toEqual([
      'Call mum',
      'Water plants',
      'Buy milk',
      'Pay rent',
    ]);
    expect(tasks(await todos().eq('priority', 1).order('task'))).toEqual(['Buy milk', 'Pay rent']);
    expect(tasks(await todos().gt('priority', 1).lte('priority', 3).order('priority'))).toEqual([
      'Water plants',
      'Call mum',
    ]);
    expect(tasks(await todos().or('priority.eq.2,task.ilike.*MUM*').order('task'))).toEqual([
      'Call mum',
      'Water plants',
    ]);
    expect(tasks(await todos().not('due', 'is', null).order('task', { ascending: false }))).toEqual([
      'Water plants',
      'Call mum',
    ]);
    expect(tasks(await todos().contains('tags', ['shop']))).toEqual(['Buy milk']);
    expect(tasks(await todos().overlaps('tags', ['office', 'food']))).toEqual(['Buy milk']);
    expect(tasks(await todos().eq('meta->shop->>aisle', '7'))).toEqual(['Buy milk']);
    expect(tasks(await todos().textSearch('task', 'milk & buy', { config: 'english' }))).toEqual(['Buy milk']);
    expect(tasks(await todos().in('task', ['Pay rent', 'with, comma']))).toEqual(['Pay rent']);
    expect(tasks(await todos().match({ priority: 1, done: false }).like('task', 'Pay%'))).toEqual(['Pay rent']);
    const page = await alice.client.from('todos').select('task', { count: 'exact' }).order('task').range(1, 2);
    expect(page).toMatchObject({ status: 206, count: 4 });
    expect(tasks(page)).toEqual(['Call mum', 'Pay rent']);
    const none = await alice.client.from('todos').select('task', { count: 'exact' }).eq('task', 'nothing');
    expect(none).toMatchObject({ status: 200, count: 0, data: [] });
  });

  test('renames, casts and paths in the selection', async () => {
    const select = 'name:task, priority::text, aisle:meta->shop->aisle, first:tags->>0';
    expect(good(await alice.client.from('todos').select(select).eq('id', aliceTodo).single())).toEqual({
      name: 'Buy milk',
      priority: '1',
      aisle: 7,
      first: 'shop',
    });
  });

  test('relations are embedded both ways, and only with rows one may see', async () => {
    const lists = await alice.client
      .from('todo_lists')
      .select('title, todos(task, done)')
      .order('task', { referencedTable: 'todos' })
      .eq('todos.priority', 1);
    expect(good(lists)).toEqual([
      {
        title: 'Home',
        todos: [
          { task: 'Buy milk', done: false },
          { task: 'Pay rent', done: false },
        ],
      },
    ]);
    const todo = await alice.client.from('todos').select('task, list:todo_lists(title)').eq('id', aliceTodo).single();
    expect(good(todo)).toEqual({ task: 'Buy milk', list: { title: 'Home' } });
    const inner = await alice.client
      .from('todos')
      .select('task, todo_lists!inner(title)')
      .eq('todo_lists.title', 'Work');
    expect(good(inner)).toEqual([]);
    const all = await service
      .from('todo_lists')
      .select('title, todos(task)')
      .in('id', [aliceList, bobList])
      .order('id');
    expect(good(all).map(({ title, todos }) => [title, todos.length])).toEqual([
      ['Home', 4],
      ['Work', 1],
    ]);
  });

  test('functions: scalar, table, filtered, read with GET', async () => {
    expect(good(await alice.client.rpc('todo_stats'))).toEqual([{ done: false, todos: 4, urgent: 2 }]);
    expect(good(await alice.client.rpc('todo_stats', {}, { get: true }).select('todos').eq('done', false))).toEqual([
      { todos: 4 },
    ]);
    expect(good(await alice.client.rpc('complete_all', { list: aliceList }))).toBe(4);
    expect(good(await alice.client.rpc('todo_stats').single())).toEqual({ done: true, todos: 4, urgent: 2 });
    expect(good(await bob.client.rpc('todo_stats'))).toEqual([{ done: false, todos: 1, urgent: 0 }]);
  });

  test('one row: single and maybeSingle', async () => {
    const none = alice.client.from('todos').select().eq('task', 'nothing');
    expect(await none.maybeSingle()).toMatchObject({ data: null, error: null });
    expect(await alice.client.from('todos').select().eq('task', 'nothing').single()).toMatchObject({
      status: 406,
      error: {
        code: 'PGRST116',
        message: 'Cannot coerce the result to a single JSON object',
        details: 'The result contains 0 rows',
      },
    });
    expect(await alice.client.from('todos').select().maybeSingle()).toMatchObject({ error: { code: 'PGRST116' } });
  });
});

describe('errors carry the code a program can act on', () => {
  const cases: readonly [string, () => PromiseLike<unknown>, number, object][] = [
    [
      'an unknown table',
      () => alice.client.from('todoz').select(),
      404,
      {
        code: 'PGRST205',
        message: "Could not find the table 'public.todoz' in the schema cache",
        hint: "Perhaps you meant the table 'public.todos'",
      },
    ],
    ['an unknown column', () => alice.client.from('todos').select('colour'), 400, { code: '42703' }],
    [
      'an unknown column in a payload',
      () => alice.client.from('todos').insert({ colour: 'red' }),
      400,
      {
        code: 'PGRST204',
        message: "Could not find the 'colour' column of 'todos' in the schema cache",
      },
    ],
    ['an unknown relation', () => alice.client.from('todos').select('task, colours(*)'), 400, { code: 'PGRST200' }],
    ['an unknown function', () => alice.client.rpc('complete_al', { list: 1 }), 404, { code: 'PGRST202' }],
    [
      'a function without its argument',
      () => alice.client.rpc('complete_all', { lists: 1 }),
      404,
      {
        code: 'PGRST202',
        hint: 'Perhaps you meant to call the function public.complete_all(list)',
      },
    ],
    ['an unknown schema', () => alice.client.schema('secret').from('todos').select(), 406, { code: 'PGRST106' }],
    ['text for a uuid', () => alice.client.from('todos').select().eq('id', 'five'), 400, { code: '22P02' }],
    [
      'a duplicate',
      () => alice.client.from('todo_lists').insert({ title: 'Home' }),
      409,
      {
        code: '23505',
        // PostgreSQL would quote the row, which a policy may hide.
        details: null,
      },
    ],
    ['a missing parent', () => alice.client.from('todos').insert({ list_id: 0, task: 'x' }), 409, { code: '23503' }],
    ['a missing value', () => alice.client.from('todos').insert({ list_id: aliceList }), 400, { code: '23502' }],
    ['a broken rule', () => alice.client.from('todo_lists').insert({ title: '' }), 400, { code: '23514' }],
    [
      'an exception raised',
      () => alice.client.rpc('complete_all', { list: 0 }),
      400,
      {
        code: 'P0001',
        message: 'nothing to complete in list 0',
        hint: 'Add a task first',
        details: null,
      },
    ],
  ];

  test.each(cases)('%s', async (_name, call, status, error) => {
    expect(await call()).toMatchObject({ status, error, data: null });
  });

  test('a token that is no token, and one that nobody signed', async () => {
    const garbage = await fetch(`${stack.url}/rest/v1/todos`, {
      headers: { apikey: stack.env.anonKey, authorization: 'Bearer garbage' },
    });
    expect(garbage.status).toBe(401);
    expect(garbage.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
    expect(await garbage.json()).toMatchObject({ code: 'PGRST301', message: 'Expected 3 parts in JWT; got 1' });
    const [head, , signature] = alice.token.split('.');
    const claims = Buffer.from(JSON.stringify({ role: 'service_role', sub: bob.id })).toString('base64url');
    const forged = await fetch(`${stack.url}/rest/v1/todos`, {
      headers: { apikey: stack.env.anonKey, authorization: `Bearer ${head}.${claims}.${signature}` },
    });
    expect(forged.status).toBe(401);
    expect(await forged.json()).toMatchObject({ code: 'PGRST301' });
  });
});
