import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RestFixture, restFixture } from '../testing/rest-database.ts';

let fixture: RestFixture;
beforeAll(async () => {
  fixture = await restFixture(
    {
      STACK_REST_MAX_URL_LENGTH: '300',
      STACK_REST_MAX_LIST_LENGTH: '3',
      STACK_REST_MAX_EMBED_DEPTH: '2',
      STACK_REST_STATEMENT_TIMEOUT: '300',
      STACK_REST_ROLE_LIMITS: '{"anon":{"rows":1},"authenticated":{"cost":500,"timeout":0,"rows":0}}',
      PGRST_DB_MAX_ROWS: '2',
    },
    `create table test.many as select n as id from generate_series(1, 200000) n;
     create unique index on test.many (id); analyze test.many;
     grant all on test.many to anon, authenticated, service_role;
     create function test.timeout_in_force() returns text stable language sql as
       $$ select current_setting('statement_timeout') $$;
     create function test.many_of_them() returns setof test.many stable language sql as $$ select * from test.many $$`,
  );
});
afterAll(() => fixture?.stop());

const ask = (path: string, role = 'service_role') => fixture.rest.send('GET', path, { role });
const outcome = async (path: string, role?: string) => {
  const reply = await ask(path, role);
  const { code, details } = reply.json() as { code?: string; details?: string };
  return [reply.status, code, details];
};

describe('bounds on what is asked', () => {
  test('the length of path and query', async () => {
    expect((await ask('/clients?id=eq.1')).status).toBe(200);
    expect(await outcome(`/clients?name=eq.${'a'.repeat(300)}`)).toEqual([
      414,
      'STACK414',
      'It has 317 characters; at most 300 are allowed',
    ]);
  });

  test.each([
    '/clients?id=in.(1,2,3,4)',
    '/clients?id=not.in.(1,2,3,4)',
    '/clients?or=(id.eq.1,and(id.in.(1,2,3,4),id.gt.1))',
    '/clients?select=*,projects(id)&projects.id=in.(1,2,3,4)',
  ])('the length of lists: %s', async (path) => {
    expect(await outcome(path)).toEqual([400, 'STACK610', 'It has 4 values; at most 3 are allowed']);
    expect((await ask(path.replace(',4', ''))).status).toBe(200);
  });

  test('the depth of embeds', async () => {
    expect((await ask('/clients?select=id,projects(id,tasks(id))')).status).toBe(200);
    expect(await outcome('/clients?select=id,projects(id,tasks(id,projects(id)))')).toEqual([
      400,
      'STACK611',
      'At most 2 levels are allowed',
    ]);
  });

  test('the same in a batch, which names the step', async () => {
    const reply = await fixture.rest.send('POST', '/$batch', {
      role: 'service_role',
      body: [{ path: '/clients' }, { path: '/clients?id=in.(1,2,3,4)' }],
    });
    expect(reply.json()).toMatchObject({ code: 'STACK610', step: { index: 1 } });
  });
});

describe('bounds of roles', () => {
  test('rows', async () => {
    const rows = async (role?: string) => ((await ask('/many?select=id', role)).json() as unknown[]).length;
    expect([await rows(), await rows('anon')]).toEqual([2, 1]);
    expect(((await ask('/many_of_them', 'anon')).json() as { code: string }).code).toBe('PGRST205');
    expect((await ask('/rpc/many_of_them', 'anon')).json()).toHaveLength(1);
  });

  test('the cost the planner expects, before anything is done', async () => {
    expect((await ask('/many?id=eq.7', 'authenticated')).json()).toEqual([{ id: 7 }]);
    const refused = await ask('/many?id=gt.7', 'authenticated');
    expect([refused.status, refused.json()]).toEqual([
      400,
      {
        code: 'STACK612',
        details: expect.stringMatching(/^The planner expects a cost of \d{4,}; at most 500 is allowed$/) as string,
        hint: 'Ask for less, or for what an index leads to.',
        message: 'The query is too expensive',
      },
    ]);
    const change = (path: string) =>
      fixture.rest.send('PATCH', path, { role: 'authenticated', body: { id: 0 }, headers: { prefer: 'tx=rollback' } });
    expect((await change('/many?id=gt.7')).json()).toMatchObject({ code: 'STACK612' });
    expect(await fixture.database.query('select min(id) from test.many')).toEqual([{ min: 1 }]);
    expect((await change('/many?id=eq.200000')).status).toBe(204);
    const batch = await fixture.rest.send('POST', '/$batch', {
      role: 'authenticated',
      body: [{ path: '/many?id=eq.7' }, { path: '/many?id=gt.7' }],
    });
    expect(batch.json()).toMatchObject({ code: 'STACK612', step: { index: 1 } });
    expect((await ask('/many?id=gt.7&limit=1')).status).toBe(200);
  });

  test('the time of a statement, where neither role nor function says', async () => {
    const inForce = async (role: string) => (await ask('/rpc/timeout_in_force', role)).json();
    expect(await inForce('service_role')).toBe('300ms');
    expect(await inForce('anon')).toBe('3s');
    const slow = await fixture.rest.send('POST', '/rpc/slow', { role: 'service_role', body: { seconds: 2 } });
    expect([slow.status, slow.json()]).toEqual([500, expect.objectContaining({ code: '57014' })]);
    expect((await ask('/rpc/slow_allowed')).json()).toBe('20s');
  });
});

test('limits that are none are told at start', async () => {
  await expect(restFixture({ STACK_REST_ROLE_LIMITS: '{"anon":{"cost":"much"}}' })).rejects.toThrow('whole numbers');
});
