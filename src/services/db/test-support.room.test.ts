import { expect, inject, test } from 'vitest';
import { connectClient } from '#kernel/sql';
import { testDatabase } from '../../../test/support/database.ts';

test('every test database is a project of its own, with roles, schemas, settings and the tables of auth', async () => {
  const [one, other] = await Promise.all([testDatabase(), testDatabase()]);
  try {
    await one.query('create table public.only_here (id int)');
    const here = await one.query<{ name: string | null }>(`select to_regclass('public.only_here')::text as name`);
    const there = await other.query<{ name: string | null }>(`select to_regclass('public.only_here')::text as name`);
    expect([here[0]?.name, there[0]?.name]).toEqual(['only_here', null]);
    expect(await other.query(`select to_regclass('auth.users') is not null as users`)).toEqual([{ users: true }]);

    const client = await connectClient(other.connection('postgres'));
    const { rows } = await client.pg.query(
      `select current_user::text as me, current_setting('app.settings.jwt_secret') as secret,
        pg_catalog.pg_get_userbyid(datdba)::text as owner from pg_database where datname = current_database()`,
    );
    await client.pg.end();
    expect(rows).toEqual([{ me: 'postgres', secret: inject('roomServer').jwtSecret, owner: 'postgres' }]);
  } finally {
    await Promise.all([one.drop(), other.drop()]);
  }
});
