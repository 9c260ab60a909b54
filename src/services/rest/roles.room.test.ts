import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RestFixture, restFixture } from './testing/rest-database.ts';
import type { SendOptions } from './testing/rest-server.ts';

let fixture: RestFixture;
let database: RestFixture['database'];
let rest: RestFixture['rest'];
beforeAll(async () => {
  // One connection, so that every role uses the statements of all others, if anything lets it.
  fixture = await restFixture({ PGRST_DB_POOL: '1' });
  ({ database, rest } = fixture);
});
afterAll(() => fixture?.stop());

const as = (sub: string): SendOptions => ({ role: 'authenticated', claims: { sub } });

describe('many roles on one connection', () => {
  it('each sees its own rows, whoever asked the same before', async () => {
    const ask = async (options?: SendOptions) =>
      ((await rest.send('GET', '/private_notes?select=id&order=id', options)).json() as { id: number }[]).map(
        ({ id }) => id,
      );
    for (let round = 0; round < 20; round++) {
      expect(await ask(as('ann'))).toEqual([1]);
      expect(await ask()).toEqual([3]);
      expect(await ask({ role: 'service_role' })).toEqual([1, 2, 3]);
      expect(await ask(as('bob'))).toEqual([2]);
      expect(await ask(as('nobody'))).toEqual([]);
    }
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => ask(index % 2 === 0 ? as('ann') : as('bob'))),
    );
    expect(answers).toEqual(answers.map((_, index) => [index % 2 === 0 ? 1 : 2]));
  });

  it('whatever is asked beside it, by whomever, in any order', { timeout: 120_000 }, async () => {
    const people = ['ann', 'bob', 'nobody', 'anon', 'service'] as const;
    type Person = (typeof people)[number];
    const options: Record<Person, SendOptions> = {
      ann: as('ann'),
      bob: as('bob'),
      nobody: as('nobody'),
      anon: {},
      service: { role: 'service_role' },
    };
    const notes: Record<Person, number[]> = { ann: [1], bob: [2], nobody: [], anon: [3], service: [1, 2, 3] };
    const forbidden: Record<Person, number> = { ann: 403, bob: 403, nobody: 403, anon: 401, service: 200 };
    const asked: Record<string, (who: Person) => Promise<void>> = {
      async rows(who) {
        const found = (await rest.send('GET', '/private_notes?select=id&order=id', options[who])).json();
        expect(found, who).toEqual(notes[who].map((id) => ({ id })));
      },
      async count(who) {
        const headers = { prefer: 'count=exact' };
        const reply = await rest.send('HEAD', '/private_notes', { ...options[who], headers });
        expect(reply.headers['content-range']?.split('/')[1], who).toBe(String(notes[who].length));
      },
      async right(who) {
        expect((await rest.send('GET', '/forbidden', options[who])).status, who).toBe(forbidden[who]);
      },
      async claims(who) {
        const found = (await rest.send('POST', '/rpc/whoami', { ...options[who], body: {} })).json();
        const role = who === 'service' ? 'service_role' : who === 'anon' ? 'anon' : 'authenticated';
        expect(found, who).toMatchObject({ role, claims: role === 'authenticated' ? { sub: who } : { role } });
      },
      async nonsense(who) {
        expect((await rest.send('GET', '/private_notes?id=eq.x', options[who])).json(), who).toMatchObject({
          code: '22P02',
        });
      },
      async change(who) {
        const headers = { prefer: 'return=representation' };
        const body = { body: 'as it was' };
        const reply = await rest.send('PATCH', '/private_notes?id=eq.1&select=id', { ...options[who], headers, body });
        expect(reply.json(), who).toEqual(who === 'ann' || who === 'service' ? [{ id: 1 }] : []);
      },
    };
    const step = fc.tuple(fc.constantFrom(...Object.keys(asked)), fc.constantFrom(...people));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        await Promise.all(steps.map(([what, who]) => asked[what]?.(who)));
      }),
      { numRuns: 25 },
    );
  });

  it('a right of one is no right of another, after an error too', async () => {
    for (let round = 0; round < 5; round++) {
      expect((await rest.send('GET', '/forbidden', { role: 'service_role' })).status).toBe(200);
      expect((await rest.send('GET', '/forbidden', as('ann'))).status).toBe(403);
      expect((await rest.send('GET', '/forbidden')).status).toBe(401);
    }
  });

  it("claims, role and its settings last one request, and the impersonated role's timeout applies", async () => {
    const whoami = async (options?: SendOptions) =>
      (await rest.send('POST', '/rpc/whoami', { ...options, body: {} })).json();
    expect(await whoami(as('ann'))).toMatchObject({ role: 'authenticated', claims: { sub: 'ann' }, timeout: '8s' });
    expect(await whoami()).toMatchObject({ role: 'anon', claims: { role: 'anon' }, timeout: '3s', read_only: 'on' });
  });
});

describe('writes', () => {
  it('another one is neither read, changed nor removed', async () => {
    const change = await rest.send('PATCH', '/private_notes?id=eq.2', { ...as('ann'), body: { body: 'mine' } });
    expect([change.status, change.headers['content-range']]).toEqual([204, '*/*']);
    await rest.send('DELETE', '/private_notes?id=eq.2', as('ann'));
    expect(await database.query('select body from test.private_notes where id = 2')).toEqual([{ body: 'of bob' }]);
    const forged = { ...as('ann'), body: { id: 9, owner: 'bob', body: 'forged' } };
    expect((await rest.send('POST', '/private_notes', forged)).json()).toMatchObject({ code: '42501' });
  });

  it('without a filter they are refused', async () => {
    const answer = await rest.send('DELETE', '/tasks', { role: 'service_role' });
    expect([answer.status, answer.json()]).toMatchObject([
      400,
      { code: '21000', message: 'DELETE requires a WHERE clause' },
    ]);
  });

  it('merge by key and say whether anything was new', async () => {
    const headers = { prefer: 'resolution=merge-duplicates,return=representation' };
    const put = (name: string) =>
      rest.send('POST', '/clients?select=id,name', { role: 'service_role', headers, body: [{ id: 77, name }] });
    const first = await put('new');
    const second = await put('changed');
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toBe('[{"id":77,"name":"changed"}]');
  });
});

it('a table made while serving is served, one dropped is gone', async () => {
  await database.query(
    'create table test.late (id int); grant select on test.late to anon; insert into test.late values (1)',
  );
  await expect.poll(async () => (await rest.send('GET', '/late')).body, { timeout: 10_000 }).toBe('[{"id":1}]');
  await database.query('drop table test.late');
  await expect.poll(async () => (await rest.send('GET', '/late')).status, { timeout: 10_000 }).toBe(404);
});
