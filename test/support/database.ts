import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { type Client, type ConnectionOptions, connectClient, quoteIdentifier, quoteLiteral } from '#kernel/sql';
import type { LoginRole } from '#services/db';
import './room-server.ts';

/** A database of its own for a test, with all roles and schemas of a new project and the tables of auth. */
export interface TestDatabase {
  readonly name: string;
  connection(role: LoginRole): ConnectionOptions;
  /** Runs a statement as supabase_admin. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Closes what is connected and removes the database. */
  drop(): Promise<void>;
}

/** Clones the run's template. Only for tests of project `room`. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = inject('roomServer');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const connection = (user: LoginRole, database = name): ConnectionOptions => ({
    host: server.socketDir,
    port: server.port,
    database,
    user,
    password: server.password,
  });
  await onMaintenance(connection('supabase_admin', 'postgres'), async (client) => {
    await client.pg.query(
      `create database ${quoteIdentifier(name)} template ${quoteIdentifier(server.template)} owner postgres`,
    );
    await copySettings(client, server.template, name);
  });
  let admin: Promise<Client> | undefined;
  return {
    name,
    connection: (role) => connection(role),
    async query<Row>(sql: string, values: readonly unknown[] = []) {
      admin ??= connectClient(connection('supabase_admin'));
      return (await (await admin).pg.query(sql, [...values])).rows as Row[];
    },
    async drop() {
      await (await admin)?.pg.end();
      await onMaintenance(connection('supabase_admin', 'postgres'), (client) => dropDatabase(client, name));
    },
  };
}

/** Drops it; one whose slot is still being read, by a server process that has not noticed the end yet, is tried again. */
async function dropDatabase(client: Client, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.pg.query(`drop database ${quoteIdentifier(name)} with (force)`);
      return;
    } catch (error) {
      // 55006: `with (force)` ends connections, but no readers of slots.
      if ((error as { code?: string }).code !== '55006' || attempt === 100) throw error;
      await client.pg.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
        [name],
      );
      await sleep(100);
    }
  }
}

// Privileges and settings belong to a database's entry in the catalogue, which a clone does not inherit.
async function copySettings(client: Client, from: string, to: string): Promise<void> {
  const { rows } = await client.pg.query<{ setting: string }>(
    `select unnest(setconfig) as setting from pg_db_role_setting
     where setrole = 0 and setdatabase = (select oid from pg_database where datname = $1)`,
    [from],
  );
  const settings = rows.map(({ setting }) => {
    const at = setting.indexOf('=');
    const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
    return `alter database ${quoteIdentifier(to)} set ${quoteIdentifier(name)} = ${quoteLiteral(value)};`;
  });
  await client.pg.query(
    `grant all on database ${quoteIdentifier(to)} to dashboard_user;
     grant create on database ${quoteIdentifier(to)} to supabase_storage_admin; ${settings.join('')}`,
  );
}

async function onMaintenance(options: ConnectionOptions, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = await connectClient(options);
  try {
    await work(client);
  } finally {
    await client.pg.end();
  }
}
