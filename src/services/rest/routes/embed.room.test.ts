import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RestFixture, restFixture } from '../testing/rest-database.ts';

let fixture: RestFixture;
beforeAll(async () => {
  fixture = await restFixture({ PGRST_DB_AGGREGATES_ENABLED: 'true' });
});
afterAll(() => fixture?.stop());

const rows = async (path: string): Promise<unknown> =>
  (await fixture.rest.send('GET', path.replaceAll(' ', '%20'), { role: 'authenticated' })).json();

describe('embeds of every kind', () => {
  test.each<[string, string, unknown]>([
    [
      'to one',
      '/projects?select=name,clients(name)&id=gte.4&order=id',
      [
        { name: 'OSX', clients: { name: 'Apple' } },
        { name: 'Orphan', clients: null },
      ],
    ],
    [
      'to many',
      '/clients?select=name,projects(name)&order=id&projects.order=id.desc',
      [
        { name: 'Microsoft', projects: [{ name: 'Windows 10' }, { name: 'Windows 7' }] },
        { name: 'Apple', projects: [{ name: 'OSX' }, { name: 'IOS' }] },
      ],
    ],
    [
      'one to one, from both sides',
      '/users?select=id,profiles(bio)&order=id',
      [
        { id: 1, profiles: { bio: 'accountant' } },
        { id: 2, profiles: { bio: 'boss' } },
        { id: 3, profiles: null },
      ],
    ],
    [
      'one to one, back',
      '/profiles?select=bio,users(name)&user_id=eq.2',
      [{ bio: 'boss', users: { name: 'Michael Scott' } }],
    ],
    [
      'many to many',
      '/users?select=id,tasks(name)&id=eq.3&tasks.order=id',
      [{ id: 3, tasks: [{ name: 'Design w7' }, { name: 'Design IOS' }] }],
    ],
    [
      'nested, with a page of its own',
      '/clients?select=id,projects(id,tasks(id))&id=eq.1&projects.order=id&projects.tasks.order=id.desc&projects.tasks.limit=1',
      [
        {
          id: 1,
          projects: [
            { id: 1, tasks: [{ id: 2 }] },
            { id: 2, tasks: [{ id: 4 }] },
          ],
        },
      ],
    ],
    [
      'itself, both ways',
      '/employees?select=id,boss_id(name),employees(id)&id=eq.2',
      [{ id: 2, boss_id: { name: 'Ann' }, employees: [{ id: 4 }] }],
    ],
    [
      'by a hint',
      '/orders?select=id,billing:clients!billing_id(name),shipping_fk(name)&id=eq.1',
      [{ id: 1, billing: { name: 'Microsoft' }, shipping_fk: { name: 'Apple' } }],
    ],
    [
      'back by a hint',
      '/clients?select=id,orders!shipping_fk(id)&id=eq.2&orders.order=id',
      [{ id: 2, orders: [{ id: 1 }, { id: 2 }] }],
    ],
    [
      'by a key of several columns',
      '/composite_children?select=id,composite_keys(value)&order=id',
      [
        { id: 1, composite_keys: { value: 'one' } },
        { id: 2, composite_keys: { value: 'two' } },
        { id: 3, composite_keys: null },
      ],
    ],
    [
      'from a view',
      '/projects_view?select=name,clients(name),tasks(name)&id=eq.3&tasks.order=id',
      [{ name: 'IOS', clients: { name: 'Apple' }, tasks: [{ name: 'Design IOS' }, { name: 'Code IOS' }] }],
    ],
    [
      'of a view, by a view of a view',
      '/view_of_view?select=name,tasks_view(title)&id=eq.4',
      [{ name: 'OSX', tasks_view: [{ title: 'Design OSX' }] }],
    ],
    [
      'by a function to one',
      '/projects?select=id,latest_task(name)&id=eq.1',
      [{ id: 1, latest_task: { name: 'Code w7' } }],
    ],
    [
      'by a function to many',
      '/clients?select=id,computed_projects(id)&id=eq.2&computed_projects.order=id',
      [{ id: 2, computed_projects: [{ id: 3 }, { id: 4 }] }],
    ],
    [
      'everything of it',
      '/tasks?select=id,projects(*)&id=eq.5',
      [{ id: 5, projects: { id: 3, name: 'IOS', client_id: 2, budget: 7 } }],
    ],
    ['nothing of it', '/tasks?select=id,projects()&id=eq.5', [{ id: 5 }]],
  ])('%s', async (_, path, expected) => {
    expect(await rows(path)).toEqual(expected);
  });
});

describe('what is asked of embeds', () => {
  test.each<[string, string, unknown]>([
    [
      'filters',
      '/clients?select=id,projects(id)&projects.name=like.*O*&order=id',
      [
        { id: 1, projects: [] },
        { id: 2, projects: [{ id: 3 }, { id: 4 }] },
      ],
    ],
    [
      'logic trees',
      '/clients?select=id,projects(id)&projects.or=(id.eq.1,id.eq.4)&order=id',
      [
        { id: 1, projects: [{ id: 1 }] },
        { id: 2, projects: [{ id: 4 }] },
      ],
    ],
    [
      '!inner drops parents',
      '/clients?select=id,projects!inner(id)&projects.name=eq.IOS',
      [{ id: 2, projects: [{ id: 3 }] }],
    ],
    [
      '!inner, level by level',
      '/clients?select=id,projects!inner(id,tasks!inner(name))&projects.tasks.name=eq.Code w10',
      [{ id: 1, projects: [{ id: 2, tasks: [{ name: 'Code w10' }] }] }],
    ],
    ['null: none', '/projects?select=id,clients()&clients=is.null', [{ id: 5 }]],
    ['null: some', '/users?select=id,tasks()&tasks=not.is.null&tasks.name=like.Code*&order=id', [{ id: 1 }, { id: 2 }]],
    [
      'null, inside a logic tree',
      '/projects?select=id,clients(),tasks()&or=(clients.is.null,tasks.is.null)&order=id',
      [{ id: 5 }],
    ],
    [
      'order by a column of it',
      '/projects?select=id,clients(name)&order=clients(name).asc.nullsfirst,id&limit=3',
      [
        { id: 5, clients: null },
        { id: 3, clients: { name: 'Apple' } },
        { id: 4, clients: { name: 'Apple' } },
      ],
    ],
    [
      'order by a column that is not shown',
      '/projects?select=id,clients(id)&order=clients(name).desc.nullslast,id.desc&limit=1',
      [{ id: 2, clients: { id: 1 } }],
    ],
    ['offset of one', '/projects?select=id,clients(id)&clients.offset=1&id=eq.1', [{ id: 1, clients: null }]],
  ])('%s', async (_, path, expected) => {
    expect(await rows(path)).toEqual(expected);
  });
});

describe('spreads', () => {
  test.each<[string, string, unknown]>([
    [
      'of one',
      '/projects?select=id,...clients(client:name,address)&id=in.(1,5)&order=id',
      [
        { id: 1, client: 'Microsoft', address: 'Redmond' },
        { id: 5, client: null, address: null },
      ],
    ],
    [
      'of many: a list a column',
      '/clients?select=id,...projects(names:name,ids:id)&projects.order=id.desc&order=id',
      [
        { id: 1, names: ['Windows 10', 'Windows 7'], ids: [2, 1] },
        { id: 2, names: ['OSX', 'IOS'], ids: [4, 3] },
      ],
    ],
    ['of none', '/users?select=id,...tasks(name)&tasks.name=eq.x&id=eq.1', [{ id: 1, name: [] }]],
    [
      'in spreads',
      '/tasks?select=id,...projects(project:name,...clients(client:name))&id=eq.1',
      [{ id: 1, project: 'Windows 7', client: 'Microsoft' }],
    ],
    [
      'lists in lists',
      '/clients?select=id,...projects(id2:id,...tasks(t:id))&id=eq.2&projects.order=id&projects.tasks.order=id',
      [{ id: 2, id2: [3, 4], t: [[5, 6], [7]] }],
    ],
    ['with !inner', '/clients?select=id,...projects!inner(name)&projects.name=eq.IOS', [{ id: 2, name: ['IOS'] }]],
  ])('%s', async (_, path, expected) => {
    expect(await rows(path)).toEqual(expected);
  });
});

describe('aggregates', () => {
  test.each<[string, string, unknown]>([
    [
      'of a list',
      '/clients?select=id,projects(budget.sum(),count())&order=id',
      [
        { id: 1, projects: [{ sum: 100.5, count: 2 }] },
        { id: 2, projects: [{ sum: 7, count: 2 }] },
      ],
    ],
    [
      'handed up by a spread',
      '/projects?select=...clients(client:name),budget.max()&order=clients(name)',
      [
        { client: 'Apple', max: 7 },
        { client: 'Microsoft', max: 100.5 },
        { client: null, max: 1 },
      ],
    ],
    [
      'inside a spread',
      '/tasks?select=...projects(client_id,budget.sum(),n:count())&order=projects(client_id)',
      [
        { client_id: 1, sum: 201, n: 4 },
        { client_id: 2, sum: 14, n: 3 },
      ],
    ],
    [
      'beside everything',
      '/clients?select=*,projects(id.count())&id=eq.1',
      [{ id: 1, name: 'Microsoft', address: 'Redmond', projects: [{ count: 2 }] }],
    ],
  ])('%s', async (_, path, expected) => {
    expect(await rows(path)).toEqual(expected);
  });
});
