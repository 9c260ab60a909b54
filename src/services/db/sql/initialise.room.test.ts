import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient, quoteIdentifier } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import { type InitialiseOptions, initialiseDatabase } from './initialise.ts';
import { passwordRoles, setPasswords } from './secrets.ts';

let db: TestDatabase;
let admin: Client;
beforeAll(async () => {
  db = await testDatabase();
  admin = await connectClient(db.connection('supabase_admin'));
});
afterAll(async () => {
  await admin.pg.end();
  await db.drop();
});

const connect = (database: string, user: 'supabase_admin' | 'postgres' = 'supabase_admin') =>
  connectClient({ ...db.connection(user), database });

/** The roles of the run's server are shared, hence no password. */
const optionsFor = (database: string, extra: Partial<InitialiseOptions> = {}): InitialiseOptions => ({
  database,
  password: undefined,
  jwtSecret: 'a-secret-with-an-\'apostrophe\' and "quotes", 32 long',
  jwtExpiry: 3600,
  superuser: true,
  ownExtensions: true,
  connect: (name) => connect(name),
  ...extra,
});

/** Runs a test on a database that does not exist yet, and removes it afterwards. */
async function withNewDatabase(work: (name: string) => Promise<void>, name = `init_${randomBytes(4).toString('hex')}`) {
  try {
    await work(name);
  } finally {
    await admin.pg.query(`drop database if exists ${quoteIdentifier(name)} with (force)`);
  }
}

async function onDatabase<T>(name: string, work: (client: Client) => Promise<T>, user?: 'postgres'): Promise<T> {
  const client = await connect(name, user);
  try {
    return await work(client);
  } finally {
    await client.pg.end();
  }
}

/** Everything a dump of the catalogues would show, as far as it can be told without object ids. */
async function fingerprint(client: Client): Promise<unknown> {
  const { rows } = await client.pg.query(`
    select
      (select json_agg(row(nspname, nspowner::regrole, nspacl) order by nspname) from pg_namespace
        where nspname !~ '^(pg_|_supavisor)') as schemas,
      (select json_agg(row(pronamespace::regnamespace, proname, prosrc, proowner::regrole, proacl) order by pronamespace::regnamespace::text, proname, prosrc)
        from pg_proc where pronamespace::regnamespace::text in ('auth', 'extensions', 'pgbouncer', 'graphql_public', 'public')) as functions,
      (select json_agg(row(defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl) order by defaclrole, defaclnamespace, defaclobjtype)
        from pg_default_acl) as defaults,
      (select json_agg(row(evtname, evtfoid::regproc, evttags) order by evtname) from pg_event_trigger) as triggers,
      (select json_agg(row(extname, extversion) order by extname) from pg_extension) as extensions`);
  return rows[0];
}

describe('initialiseDatabase', () => {
  it('makes a missing database, whatever its name, and finds nothing to do the second time', () =>
    withNewDatabase(
      async (name) => {
        const first = await initialiseDatabase(admin, optionsFor(name));
        expect(first.denied).toEqual([]);
        expect(first.applied).toEqual(expect.arrayContaining(['schema/auth', 'extension/pgjwt', 'database/owner']));
        await onDatabase(name, async (client) => {
          expect(await initialiseDatabase(client, optionsFor(name))).toEqual({ applied: [], denied: [] });
        });
        expect(await initialiseDatabase(admin, optionsFor(name))).toEqual({ applied: [], denied: [] });
      },
      `pm"oves Ü ${randomBytes(4).toString('hex')}`,
    ));

  it('lets ten nodes start at once', () =>
    withNewDatabase(async (name) => {
      const nodes = await Promise.all(Array.from({ length: 10 }, () => connect('postgres')));
      try {
        const results = await Promise.all(nodes.map((node) => initialiseDatabase(node, optionsFor(name))));
        const applied = results.flatMap((result) => result.applied);
        expect(new Set(applied).size).toBe(applied.length);
        expect(applied).toContain('schema/supabase_functions');
        await onDatabase(name, async (client) => {
          expect(await initialiseDatabase(client, optionsFor(name))).toEqual({ applied: [], denied: [] });
        });
      } finally {
        await Promise.all(nodes.map((node) => node.pg.end()));
      }
    }));

  it('continues where an interrupted one stopped', () =>
    withNewDatabase(async (name) => {
      await initialiseDatabase(admin, optionsFor(name));
      await onDatabase(name, async (client) => {
        await client.pg.query(
          `drop schema storage cascade; delete from _supavisor.stack_steps where version = 'schema/storage'`,
        );
        expect((await initialiseDatabase(client, optionsFor(name))).applied).toEqual(['schema/storage']);
      });
    }));

  it('stores app.settings on the database, again only when they change', () =>
    withNewDatabase(async (name) => {
      await initialiseDatabase(admin, optionsFor(name));
      const settings = () =>
        onDatabase(name, async (client) => {
          const { rows } = await client.pg.query(
            `select current_setting('app.settings.jwt_secret', true) as secret, current_setting('app.settings.jwt_exp') as expiry`,
          );
          return rows[0];
        });
      expect(await settings()).toEqual({ secret: optionsFor(name).jwtSecret, expiry: '3600' });
      await initialiseDatabase(admin, optionsFor(name, { jwtSecret: undefined, jwtExpiry: 60 }));
      expect(await settings()).toEqual({ secret: optionsFor(name).jwtSecret, expiry: '60' });
    }));

  it('leaves the session as it was', () =>
    withNewDatabase(async (name) => {
      await admin.pg.query(`create database ${name}`);
      await onDatabase(name, async (client) => {
        await initialiseDatabase(client, optionsFor(name));
        const { rows } = await client.pg.query(
          `select current_setting('synchronous_commit') as sync, current_user::text as me,
             (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`,
        );
        expect(rows).toEqual([{ sync: 'on', me: 'supabase_admin', locks: 0 }]);
      });
    }));
});

describe('a database that was initialised by somebody else', () => {
  // Another hand's objects under the well-known names, and an operator's own hardening.
  const foreign = `
    drop schema _supavisor cascade;
    create or replace function auth.uid() returns uuid language sql stable as $$ select null::uuid $$;
    alter default privileges for role postgres in schema public revoke all on tables from anon;
    revoke usage on schema storage from anon;
    drop extension pgjwt;
    create table auth.theirs ();
  `;

  it('is accepted as it is by a superuser', () =>
    withNewDatabase(async (name) => {
      await initialiseDatabase(admin, optionsFor(name));
      await onDatabase(name, async (client) => {
        await client.pg.query(foreign);
        const before = (await fingerprint(client)) as { extensions: { f1: string }[] };
        const { applied, denied } = await initialiseDatabase(client, optionsFor(name));
        expect(denied).toEqual([]);
        // Only what was not there is made.
        expect(applied).toEqual(['extension/pgjwt']);
        const after = (await fingerprint(client)) as typeof before;
        const without = (state: typeof before) => ({
          ...state,
          functions: undefined,
          extensions: state.extensions.filter(({ f1 }) => f1 !== 'pgjwt'),
        });
        expect(without(after)).toEqual(without(before));
      });
    }));

  it('is accepted as it is by the role postgres, which may do little', () =>
    withNewDatabase(async (name) => {
      await initialiseDatabase(admin, optionsFor(name));
      await onDatabase(name, (client) => client.pg.query(foreign));
      const options = optionsFor(name, {
        superuser: false,
        ownExtensions: false,
        connect: (database) => connect(database, 'postgres'),
      });
      await onDatabase(
        name,
        async (client) => {
          const before = await fingerprint(client);
          expect(await initialiseDatabase(client, options)).toEqual({ applied: ['extension/pgjwt'], denied: [] });
          expect(await initialiseDatabase(client, options)).toEqual({ applied: [], denied: [] });
          const after = (await fingerprint(client)) as { extensions: { f1: string }[] };
          const extensions = (state: unknown) => ({
            ...(state as object),
            extensions: undefined,
            functions: undefined,
          });
          expect(extensions(after)).toEqual(extensions(before));
        },
        'postgres',
      );
    }));

  it('is left alone by the role postgres when a superuser keeps its history', () =>
    withNewDatabase(async (name) => {
      await initialiseDatabase(admin, optionsFor(name));
      await onDatabase(
        name,
        async (client) => {
          const options = optionsFor(name, { superuser: false, jwtExpiry: 1 });
          expect(await initialiseDatabase(client, options)).toEqual({ applied: [], denied: [] });
        },
        'postgres',
      );
    }));
});

describe('a history that a lesser role kept', () => {
  it('is not believed by a superuser, who starts one of its own', () =>
    withNewDatabase(async (name) => {
      await initialiseDatabase(admin, optionsFor(name));
      await onDatabase(name, async (client) => {
        await client.pg.query(`
          drop schema _supavisor cascade;
          create schema _supavisor authorization postgres;
          set role postgres;
          create table _supavisor.stack_steps (version text, outcome text, note text);
          create table _supavisor.stack_state (name text, value text);
          create function _supavisor.trap() returns trigger language plpgsql as $$
            begin raise exception 'ran as %', current_user; end $$;
          create trigger trap before insert on _supavisor.stack_steps
            for each row execute function _supavisor.trap();
          reset role;
        `);
        expect((await initialiseDatabase(client, optionsFor(name))).denied).toEqual([]);
        expect(await initialiseDatabase(client, optionsFor(name))).toEqual({ applied: [], denied: [] });
        const { rows } = await client.pg.query(
          `select nspowner::regrole::text as owner from pg_namespace where nspname = '_supavisor'`,
        );
        expect(rows).toEqual([{ owner: 'supabase_admin' }]);
      });
    }));
});

describe('setPasswords', () => {
  it.each(['plain-ASCII', 'ünï-cödé'])('gives every login role a verifier of %s', async (password) => {
    await admin.pg.query('begin');
    try {
      expect(await setPasswords(admin, password, true)).toEqual([]);
      const { rows } = await admin.pg.query<{ name: string }>(
        `select rolname::text as name from pg_authid where rolpassword like 'SCRAM-SHA-256$4096:%' and rolname = any($1)`,
        [passwordRoles],
      );
      expect(rows.map(({ name }) => name).sort()).toEqual([...passwordRoles].sort());
    } finally {
      await admin.pg.query('rollback');
    }
  });

  it('names the roles that somebody without the right cannot change', async () => {
    const client = await connectClient(db.connection('postgres'));
    try {
      await client.pg.query('begin');
      const refused = await setPasswords(client, 'x', false);
      expect(refused.map(({ role }) => role)).toContain('supabase_admin');
      expect(refused.map(({ role }) => role)).not.toContain('postgres');
    } finally {
      await client.pg.query('rollback');
      await client.pg.end();
    }
  });
});
