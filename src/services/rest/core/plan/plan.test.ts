import { describe, expect, test } from 'vitest';
import { ServiceError } from '#kernel/errors';
import { planner, type Trial } from '../../testing/planning.ts';
import { mostSimilar, similar } from './similar.ts';

const aggregating = planner({ PGRST_DB_AGGREGATES_ENABLED: 'true', PGRST_DB_PLAN_ENABLED: 'true' });

function refusal(trial: Trial, { plan } = aggregating): object {
  try {
    plan(trial);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, status, message, details, hint } = error;
    return { code, status, message, details, hint };
  }
  throw new Error(`${trial.target} was planned`);
}

const post = (target: string, body: string, headers: Record<string, string> = {}): Trial => ({
  method: 'POST',
  target,
  body,
  headers,
});

describe('tables and columns', () => {
  test.each<[Trial, object]>([
    [
      { target: '/nothing_like_it' },
      {
        code: 'PGRST205',
        status: 404,
        message: "Could not find the table 'api.nothing_like_it' in the schema cache",
        hint: null,
      },
    ],
    [{ target: '/client' }, { code: 'PGRST205', hint: "Perhaps you meant the table 'api.clients'" }],
    [
      post('/clients', '{"naem":1}'),
      { code: 'PGRST204', status: 400, message: "Could not find the 'naem' column of 'clients' in the schema cache" },
    ],
    [post('/client?columns=naem', '{}'), { code: 'PGRST205' }],
    [post('/clients?columns=naem', '{"id":1}'), { code: 'PGRST204' }],
    [{ method: 'PATCH', target: '/clients?id=eq.1', body: '{"x":1}' }, { code: 'PGRST204' }],
  ])('%j', (trial, expected) => {
    expect(refusal(trial)).toMatchObject(expected);
  });
});

describe('relationships', () => {
  test.each([
    ['/projects?select=clients(id)', 'many-to-one', 'clients'],
    ['/projects?select=client_id(id)', 'many-to-one', 'clients'],
    ['/projects?select=projects_client_id_fkey(id)', 'many-to-one', 'clients'],
    ['/clients?select=projects(id)', 'one-to-many', 'projects'],
    ['/clients?select=projects!client_id(id)', 'one-to-many', 'projects'],
    ['/users?select=profiles(bio)', 'one-to-one', 'profiles'],
    ['/profiles?select=users(id)', 'one-to-one', 'users'],
    ['/users?select=tasks(id)', 'many-to-many', 'tasks'],
    ['/users?select=tasks!users_tasks(id)', 'many-to-many', 'tasks'],
    ['/orders?select=billing_fk(id)', 'many-to-one', 'clients'],
    ['/orders?select=clients!shipping_id(id)', 'many-to-one', 'clients'],
    ['/orders?select=clients!shipping_fk(id)', 'many-to-one', 'clients'],
    ['/clients?select=orders!billing_fk(id)', 'one-to-many', 'orders'],
    ['/employees?select=employees(id)', 'one-to-many', 'employees'],
    ['/employees?select=boss_id(id)', 'many-to-one', 'employees'],
    ['/employees?select=employees!boss_id(id)', 'one-to-many', 'employees'],
  ])('%s', (target, kind, foreign) => {
    const plan = aggregating.plan({ target });
    const [embed] = plan.kind === 'read' ? plan.level.embeds : [];
    expect([embed?.relationship.kind, embed?.relationship.foreignTable.name]).toEqual([kind, foreign]);
  });

  test('none', () => {
    expect(refusal({ target: '/projects?select=users!x(id)' })).toEqual({
      code: 'PGRST200',
      status: 400,
      message: "Could not find a relationship between 'projects' and 'users' in the schema cache",
      details:
        "Searched for a foreign key relationship between 'projects' and 'users' using the hint 'x' in the schema 'api', " +
        'but no matches were found.',
      hint: null,
    });
    expect(refusal({ target: '/projects?select=client(id)' })).toMatchObject({
      hint: "Perhaps you meant 'clients' instead of 'client'.",
    });
    expect(refusal({ target: '/no_key?select=clients(id)' })).toMatchObject({ hint: null });
  });

  test('several', () => {
    expect(refusal({ target: '/orders?select=clients(id)' })).toEqual({
      code: 'PGRST201',
      status: 300,
      message: "Could not embed because more than one relationship was found for 'orders' and 'clients'",
      details: [
        {
          cardinality: 'many-to-one',
          embedding: 'orders with clients',
          relationship: 'billing_fk using orders(billing_id) and clients(id)',
        },
        {
          cardinality: 'many-to-one',
          embedding: 'orders with clients',
          relationship: 'shipping_fk using orders(shipping_id) and clients(id)',
        },
      ],
      hint:
        "Try changing 'clients' to one of the following: 'clients!billing_fk', 'clients!shipping_fk'. " +
        "Find the desired relationship in the 'details' key.",
    });
  });
});

test('where the table is right and the hint wrong, no other table is proposed', () => {
  expect(refusal({ target: '/clients?select=projects!nope(id)' })).toMatchObject({
    code: 'PGRST200',
    hint: null,
    details: expect.stringContaining("using the hint 'nope'"),
  });
});

describe('what is said of embeds', () => {
  test.each([
    ['/projects?select=id&clients.id=eq.1', 'PGRST108', "'clients' is not an embedded resource in this request"],
    ['/projects?select=id,clients(id)&clients.tasks.order=id', 'PGRST108', "'tasks' is not an embedded"],
    ['/projects?select=id&clients.limit=1', 'PGRST108', "'clients' is not"],
    ['/projects?select=id&clients.or=(id.eq.1)', 'PGRST108', "'clients' is not"],
    ['/projects?select=id&order=clients(id)', 'PGRST108', "'clients' is not"],
    ['/clients?select=id,projects(id)&order=projects(id)', 'PGRST118', "A related order on 'projects' is not possible"],
  ])('%s', (target, code, message) => {
    expect(refusal({ target })).toMatchObject({ code, status: 400, message: expect.stringContaining(message) });
  });

  test('hints name what to do', () => {
    expect(refusal({ target: '/projects?clients.id=eq.1' })).toMatchObject({
      hint: "Verify that 'clients' is included in the 'select' query parameter.",
    });
    expect(refusal({ target: '/clients?select=id,projects(id)&order=projects(id)' })).toMatchObject({
      details: "'clients' and 'projects' do not form a many-to-one or one-to-one relationship",
    });
  });

  test('an embed is found by its name as well as by its alias', () => {
    for (const name of ['c', 'clients'])
      expect(() => aggregating.plan({ target: `/projects?select=c:clients(id)&${name}.id=eq.1` })).not.toThrow();
  });
});

describe('aggregates', () => {
  const plain = planner();
  test.each([
    '/tasks?select=id.max()',
    '/tasks?select=count()',
    '/projects?select=tasks(id.max())',
    '/tasks?select=...projects(count())',
  ])('%s needs to be allowed', (target) => {
    expect(refusal({ target }, plain)).toMatchObject({ code: 'PGRST123', status: 400 });
    expect(() => aggregating.plan({ target })).not.toThrow();
  });

  test.each(['/projects?select=...tasks(id.max())', '/projects?select=...tasks(...projects(count()))'])(
    '%s is not there',
    (target) => {
      expect(refusal({ target })).toMatchObject({
        code: 'PGRST127',
        details: 'Aggregates are not implemented for one-to-many or many-to-many spreads.',
      });
    },
  );
});

describe('which function is meant', () => {
  const json = (name: string, body: string) => post(`/rpc/${name}`, body);
  test.each<[Trial, string, number]>([
    [{ target: '/rpc/add_them?a=1' }, 'add_them', 2],
    [{ target: '/rpc/over?a=1&b=2' }, 'over', 2],
    [json('over', '{"a":1}'), 'over', 1],
    [json('over', '[{"a":1},{"a":2}]'), 'over', 1],
    [json('whole', '{"x":1}'), 'whole', 1],
    [json('whole', ''), 'whole', 1],
    [json('no_args', ''), 'no_args', 0],
    [post('/rpc/add_them?columns=a', '{"a":1,"zzz":2}'), 'add_them', 2],
    [post('/rpc/add_them', 'a=1&b=2', { 'content-type': 'application/x-www-form-urlencoded' }), 'add_them', 2],
  ])('%j', (trial, name, parameters) => {
    const plan = aggregating.plan(trial);
    expect(plan).toMatchObject({ kind: 'call', routine: { name } });
    expect(plan.kind === 'call' && plan.routine.parameters).toHaveLength(parameters);
  });

  test.each<[Trial, object]>([
    [
      json('add_them', '{"b":1}'),
      {
        code: 'PGRST202',
        status: 404,
        message: 'Could not find the function api.add_them(b) in the schema cache',
        details:
          'Searched for the function api.add_them with parameter b or with a single unnamed json/jsonb parameter, ' +
          'but no matches were found in the schema cache.',
        hint: 'Perhaps you meant to call the function api.add_them(a, b)',
      },
    ],
    [
      { target: '/rpc/add_the?z=1&a=2' },
      {
        message: 'Could not find the function api.add_the(a, z) in the schema cache',
        details:
          'Searched for the function api.add_the with parameters a, z, but no matches were found in the schema cache.',
        hint: 'Perhaps you meant to call the function api.add_them',
      },
    ],
    [
      { target: '/rpc/zzz' },
      {
        message: 'Could not find the function api.zzz without parameters in the schema cache',
        details: 'Searched for the function api.zzz without parameters, but no matches were found in the schema cache.',
        hint: null,
      },
    ],
    [
      post('/rpc/no_args', 'x', { 'content-type': 'text/xml' }),
      {
        message: 'Could not find the function api.no_args in the schema cache',
        details:
          'Searched for the function api.no_args with a single unnamed xml parameter, ' +
          'but no matches were found in the schema cache.',
        hint: null,
      },
    ],
    [
      json('ambiguous', '{"a":1}'),
      {
        code: 'PGRST203',
        status: 300,
        message:
          'Could not choose the best candidate function between: ' +
          'api.ambiguous(a => integer), api.ambiguous(a => text)',
        hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
      },
    ],
  ])('%j', (trial, expected) => {
    expect(refusal(trial)).toMatchObject(expected);
  });

  test.each<[Trial, boolean]>([
    [{ target: '/rpc/get_projects' }, true],
    [json('get_projects', '{}'), true],
    [{ target: '/rpc/no_args' }, true],
  ])('%j runs read only: %s', (trial, readOnly) => {
    expect(aggregating.plan(trial)).toMatchObject({ readOnly });
  });
});

describe('single upsert', () => {
  const put = (target: string): Trial => ({ method: 'PUT', target, body: '{"user_id":1,"task_id":2}' });
  test.each([
    '/users_tasks?user_id=eq.1',
    '/users_tasks?user_id=eq.1&task_id=gt.2',
    '/users_tasks?user_id=eq.1&task_id=not.eq.2',
    '/users_tasks?user_id=eq.1&task_id=eq(any).{2}',
    '/users_tasks?user_id=eq.1&task_id=eq.2&or=(user_id.eq.1,task_id.eq.2)',
    '/users_tasks',
    '/no_key?a=eq.1',
  ])('%s does not name one row', (target) => {
    expect(refusal(put(target))).toMatchObject({
      code: target.startsWith('/no_key') ? 'PGRST105' : 'PGRST105',
      status: 405,
    });
  });

  test('all of the key and nothing else does', () => {
    const plan = aggregating.plan(put('/users_tasks?task_id=eq.2&user_id=eq.1'));
    expect(plan).toMatchObject({
      write: {
        change: {
          keyValues: [
            ['task_id', '2'],
            ['user_id', '1'],
          ],
          conflict: { columns: ['task_id', 'user_id'] },
        },
      },
    });
  });
});

describe('writes without a condition', () => {
  test.each<[Trial, string]>([
    [{ method: 'PATCH', target: '/clients', body: '{"name":"x"}' }, 'UPDATE requires a WHERE clause'],
    [{ method: 'DELETE', target: '/clients?select=id' }, 'DELETE requires a WHERE clause'],
    [
      {
        method: 'DELETE',
        target: '/clients?select=id,projects(id)&projects.id=eq.1',
        headers: { prefer: 'return=representation' },
      },
      'DELETE requires a WHERE clause',
    ],
  ])('%j is refused', (trial, message) => {
    expect(refusal(trial)).toMatchObject({ code: '21000', status: 400, message });
    expect(() => planner({ STACK_REST_SAFEUPDATE: 'false' }).plan(trial)).not.toThrow();
  });

  test.each<Trial>([
    { method: 'PATCH', target: '/clients', body: '{}' },
    { method: 'DELETE', target: '/clients?or=(id.eq.1,id.eq.2)' },
  ])('%j passes', (trial) => {
    expect(() => aggregating.plan(trial)).not.toThrow();
  });
});

describe('media types and preferences', () => {
  const accept = (type: string, target = '/clients'): Trial => ({ target, headers: { accept: type } });
  test.each([
    ['*/*', 'application/json; charset=utf-8', 'array'],
    ['text/html, application/json', 'application/json; charset=utf-8', 'array'],
    ['application/vnd.pgrst.object', 'application/vnd.pgrst.object+json; charset=utf-8', 'object'],
    [
      'application/vnd.pgrst.object+json;nulls=stripped',
      'application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8',
      'object',
    ],
    [
      'application/vnd.pgrst.array+json;nulls=stripped',
      'application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8',
      'array',
    ],
    ['text/csv;charset=x', 'text/csv; charset=utf-8', 'csv'],
    ['application/geo+json', 'application/geo+json; charset=utf-8', 'geojson'],
    [
      'application/vnd.pgrst.plan; for="text/csv"; options=wal|analyze|;',
      'application/vnd.pgrst.plan+text; for="text/csv"; options=analyze|wal; charset=utf-8',
      'csv',
    ],
    [
      'application/vnd.pgrst.plan+json',
      'application/vnd.pgrst.plan+json; for="application/json"; charset=utf-8',
      'array',
    ],
  ])('%s', (type, contentType, kind) => {
    expect(aggregating.plan(accept(type))).toMatchObject({ media: { contentType, format: { kind } } });
  });

  test('none that can be made, in their full form', () => {
    const wanted = 'application/vnd.pgrst.plan; options=verbose|x; for="application/vnd.pgrst.object"';
    expect(refusal(accept(`${wanted}, image/png`), planner())).toMatchObject({
      message:
        'None of these media types are available: application/vnd.pgrst.plan+text; ' +
        'for="application/vnd.pgrst.object+json"; options=verbose, image/png',
    });
  });

  test('none that can be made', () => {
    expect(refusal(accept('text/html, image/png;q=0.9'))).toMatchObject({
      code: 'PGRST107',
      status: 406,
      message: 'None of these media types are available: text/html, image/png',
    });
    expect(refusal(accept('application/vnd.pgrst.plan'), planner())).toMatchObject({ code: 'PGRST107' });
    expect(refusal(accept('text/csv', '/'))).toMatchObject({ code: 'PGRST107' });
  });

  test('reads tell of the type first, writes of the preferences', () => {
    const headers = { accept: 'x/y', prefer: 'handling=strict, foo, bar=1' };
    expect(refusal({ target: '/clients', headers })).toMatchObject({ code: 'PGRST107' });
    expect(refusal(post('/clients', '{}', headers))).toMatchObject({
      code: 'PGRST122',
      status: 400,
      details: 'Invalid preferences: foo, bar=1',
    });
  });

  test('max-affected needs a function that gives rows', () => {
    const headers = { prefer: 'handling=strict, max-affected=1' };
    expect(refusal(post('/rpc/no_args', '{}', headers))).toMatchObject({ code: 'PGRST128', status: 400 });
    expect(() => aggregating.plan(post('/rpc/get_projects', '{}', headers))).not.toThrow();
  });
});

describe('likeness', () => {
  test.each([
    [['clients', 'projects'], 'client', 0.75, 'clients'],
    [['clients', 'projects'], 'CLIENTS', 0.75, 'clients'],
    [['clients', 'projects'], 'xyz', 0.33, undefined],
    [['(a, b)', '(id)'], '(a, c)', 0.33, '(a, b)'],
    [['ab', 'cd'], 'ab', 0.75, 'ab'],
    [[], 'x', 0.1, undefined],
    [['', 'a'], '', 0.1, ''],
  ])('among %j %s', (candidates, wanted, least, expected) => {
    expect(mostSimilar(candidates, wanted, least)).toBe(expected);
  });

  test('best first', () => {
    expect(similar(['tasks', 'task', 'tasks_users'], 'task', 0.3).map(({ text }) => text)).toEqual([
      'task',
      'tasks',
      'tasks_users',
    ]);
  });
});
