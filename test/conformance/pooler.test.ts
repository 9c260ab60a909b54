import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as migrateDrizzle } from 'drizzle-orm/node-postgres/migrator';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { drizzle as drizzleOverPostgres } from 'drizzle-orm/postgres-js';
import { migrate as migrateDrizzleOverPostgres } from 'drizzle-orm/postgres-js/migrator';
import { Kysely, Migrator, PostgresDialect } from 'kysely';
import pg from 'pg';
import postgres from 'postgres';
import { DataSource, EntitySchema, type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTool } from '../support/program.ts';
import { readEnv, type Stack, startStack } from '../support/stack.ts';

// The pooler as drivers, object mappers and tools meet it.
const tenant = 'pmoves-tenant';
const database = 'pmoves';
let stack: Stack;
let transactionPort: number;

beforeAll(async () => {
  stack = await startStack({
    env: {
      POOLER_TENANT_ID: tenant,
      POSTGRES_DB: database,
      POOLER_MAX_CLIENT_CONN: '2500',
      POOLER_DEFAULT_POOL_SIZE: '20',
      SERVICES: 'db,pooler,gateway',
    },
  });
  transactionPort = Number(readEnv(stack.cwd).POOLER_PROXY_PORT_TRANSACTION);
});

afterAll(() => stack?.stop());

const password = () => stack.env.postgresPassword;
const connection = (port = transactionPort, user = 'postgres') => ({
  host: '127.0.0.1',
  port,
  user,
  password: password(),
  database,
});
const url = (port = transactionPort, user = 'postgres') =>
  `postgresql://${user}:${encodeURIComponent(password())}@127.0.0.1:${port}/${database}`;

describe('tools', () => {
  const psql = (port: number, ...args: string[]) =>
    runTool('psql', ['-X', '-qAt', '-v', 'ON_ERROR_STOP=1', url(port, `postgres.${tenant}`), ...args], {
      cwd: stack.cwd,
    });

  test('psql connects with the tenant on both ports, over TLS, and listens in session mode', async () => {
    for (const port of [stack.dbPort, transactionPort]) {
      const { stdout, stderr } = await psql(port, '-c', `select current_user, current_database()`, '-c', '\\conninfo');
      expect(stderr).toBe('');
      expect(stdout).toContain(`postgres|${database}`);
      expect(stdout).toContain('SSL connection');
    }
    const { stdout } = await psql(stack.dbPort, '-c', 'listen news', '-c', `notify news, 'hello'`, '-c', 'select 1');
    expect(stdout).toContain('"news" with payload "hello"');
  });

  test('a psql script with COPY, a transaction and an error', async () => {
    writeFileSync(
      join(stack.cwd, 'script.sql'),
      `create table if not exists scripted (id int, t text);
begin; copy scripted from stdin;
1\tone
2\ttwo
\\.
commit;
\\copy scripted to stdout
select count(*) from scripted;
select 1/0;
`,
    );
    const { code, stdout, stderr } = await psql(transactionPort, '-f', 'script.sql');
    expect([code, stdout]).toEqual([3, '1\tone\n2\ttwo\n2\n']);
    expect(stderr).toContain('division by zero');
  });

  test.each(['simple', 'extended'])('pgbench, %s protocol, more clients than connections', async (mode) => {
    const env = { PGPASSWORD: password() };
    const common = ['-h', '127.0.0.1', '-U', 'postgres', '-p', String(transactionPort)];
    const run = (...args: string[]) => runTool('pgbench', [...common, ...args, database], { cwd: stack.cwd, env });
    if (mode === 'simple') expect((await run('-i', '-q')).code).toBe(0);
    const { code, stdout, stderr } = await run('-n', '-M', mode, '-c', '30', '-t', '15');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('number of transactions actually processed: 450/450');
  });

  test('asyncpg: a pool in both modes with its statement cache, and LISTEN on 5432', async ({ skip }) => {
    if (!existsSync('/usr/lib/python3/dist-packages/asyncpg')) return skip('no python3-asyncpg on this machine');
    const script = `
import asyncio, asyncpg, sys
async def main():
    for port in sys.argv[2:]:
        pool = await asyncpg.create_pool(host='127.0.0.1', port=int(port), user='postgres', database='${database}', password=sys.argv[1], min_size=1, max_size=5)
        async def one(n):
            async with pool.acquire() as c:
                async with c.transaction():
                    return await c.fetchval('select $1::int + 1', n)
        assert await asyncio.gather(*[one(n) for n in range(50)]) == list(range(1, 51))
        async with pool.acquire() as c:
            await c.copy_records_to_table('pgbench_history', records=[(1, 1)], columns=['tid', 'bid'])
        await pool.close()
    c = await asyncpg.connect(host='127.0.0.1', port=int(sys.argv[3]), user='postgres', database='${database}', password=sys.argv[1])
    heard = asyncio.get_event_loop().create_future()
    await c.add_listener('news', lambda *a: heard.set_result(a[3]))
    await c.execute("notify news, 'hello'")
    print(await asyncio.wait_for(heard, 5))
    await c.close()
asyncio.run(main())
`;
    const args = ['-c', script, password(), String(transactionPort), String(stack.dbPort)];
    const { stdout, stderr } = await runTool('/usr/bin/python3', args, { cwd: stack.cwd });
    expect(stdout, stderr).toBe('hello\n');
  });

  test('JDBC prepares on the server after five executions, and batches', async ({ skip }) => {
    const jar = '/usr/share/java/postgresql.jar';
    const modules = existsSync(jar)
      ? await runTool('java', ['--list-modules'], { cwd: stack.cwd }).catch(() => undefined)
      : undefined;
    if (!modules?.stdout.includes('jdk.compiler')) return skip('no JDK with the PostgreSQL driver on this machine');
    writeFileSync(
      join(stack.cwd, 'Jdbc.java'),
      `import java.sql.*;
public class Jdbc {
  public static void main(String[] a) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + a[0] + "/${database}?sslmode=require";
    try (Connection one = DriverManager.getConnection(url, "postgres.${tenant}", a[1]); Connection two = DriverManager.getConnection(url, "postgres", a[1])) {
      int sum = 0;
      for (Connection c : new Connection[] {one, two, one})
        try (PreparedStatement s = c.prepareStatement("select ?::int * 2")) {
          for (int n = 0; n < 20; n++) { s.setInt(1, n); try (ResultSet r = s.executeQuery()) { r.next(); sum += r.getInt(1); } }
        }
      one.setAutoCommit(false);
      try (PreparedStatement s = one.prepareStatement("insert into pgbench_history (tid, bid) values (?, 2)")) {
        for (int n = 0; n < 100; n++) { s.setInt(1, n); s.addBatch(); }
        s.executeBatch();
      }
      one.rollback();
      System.out.print(sum);
    }
  }
}`,
    );
    const args = ['-cp', jar, 'Jdbc.java', String(transactionPort), password()];
    const { stdout, stderr } = await runTool('java', args, { cwd: stack.cwd });
    expect(stdout, stderr).toBe(String(3 * 380));
  });
});

describe('drivers and object mappers in transaction mode', () => {
  test('pg: named statements of a pool', async () => {
    const pool = new pg.Pool({ ...connection(), max: 30 });
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, number) =>
        pool.query({ name: 'double', text: 'select $1::int * 2 as twice', values: [number] }),
      ),
    );
    expect(results.map(({ rows }) => rows[0].twice)).toEqual(results.map((_, number) => number * 2));
    await pool.end();
  });

  test('postgres: prepared and pipelined as it comes, transactions, cursors, COPY', async () => {
    const db = postgres(url(), { max: 10 });
    const sums = await Promise.all(Array.from({ length: 100 }, (_, number) => db`select ${number}::int + 1 as next`));
    expect(sums.map(([row]) => row?.next)).toEqual(sums.map((_, number) => number + 1));
    const [moved] = await db.begin(async (tx) => {
      await tx`create temp table mine (id int) on commit drop`;
      await tx`insert into mine select generate_series(1, 1000)`;
      let rows = 0;
      for await (const batch of tx`select * from mine`.cursor(100)) rows += batch.length;
      return [rows];
    });
    expect(moved).toBe(1000);
    await expect(db`select * from no_such_table`).rejects.toMatchObject({ code: '42P01' });
    expect((await db`select 1 as one`)[0]?.one).toBe(1);
    await db.end();
  });

  test('Drizzle over both drivers', async () => {
    const notes = pgTable('drizzle_notes', { id: integer().primaryKey(), body: text().notNull() });
    const pool = new pg.Pool(connection());
    const one = drizzle(pool);
    await one.execute(sql`create table drizzle_notes (id int primary key, body text not null)`);
    await one.insert(notes).values([1, 2, 3].map((id) => ({ id, body: `note ${id}` })));
    const client = postgres(url());
    const two = drizzleOverPostgres(client);
    await two.transaction(async (tx) => {
      await tx.update(notes).set({ body: 'changed' }).where(sql`id = 2`);
    });
    expect(await one.select().from(notes).orderBy(notes.id)).toEqual([
      { id: 1, body: 'note 1' },
      { id: 2, body: 'changed' },
      { id: 3, body: 'note 3' },
    ]);
    await pool.end();
    await client.end();
  });

  test('Kysely', async () => {
    const db = new Kysely<{ kysely_notes: { id: number; body: string } }>({
      dialect: new PostgresDialect({ pool: new pg.Pool(connection()) }),
    });
    await db.schema.createTable('kysely_notes').addColumn('id', 'integer').addColumn('body', 'text').execute();
    await db.transaction().execute((trx) => trx.insertInto('kysely_notes').values({ id: 1, body: 'x' }).execute());
    expect(await db.selectFrom('kysely_notes').selectAll().execute()).toEqual([{ id: 1, body: 'x' }]);
    await db.destroy();
  });

  test('TypeORM, its schema synchronisation included', async () => {
    const Note = new EntitySchema<{ id: number; body: string }>({
      name: 'typeorm_note',
      columns: { id: { type: Number, primary: true, generated: true }, body: { type: String } },
    });
    const { user: username, ...rest } = connection();
    const source = new DataSource({
      type: 'postgres',
      ...rest,
      username,
      entities: [Note],
      synchronize: true,
      installExtensions: false,
    });
    await source.initialize();
    await source.transaction((manager) => manager.getRepository(Note).save({ body: 'x' }));
    expect(await source.getRepository(Note).find()).toEqual([{ id: 1, body: 'x' }]);
    await source.destroy();
  });
});

describe.each(['session', 'transaction'])('migration tools in %s mode', (mode) => {
  const port = () => (mode === 'session' ? stack.dbPort : transactionPort);
  const tablesLike = async (pattern: string) => {
    const client = new pg.Client(connection());
    await client.connect();
    const { rows } = await client.query('select relname from pg_class where relname like $1 and relkind = $2', [
      pattern,
      'r',
    ]);
    await client.end();
    return rows.map(({ relname }) => relname);
  };

  test('Drizzle, over both drivers, the second finding nothing to do', async () => {
    const folder = join(stack.cwd, `drizzle-${mode}`);
    mkdirSync(join(folder, 'meta'), { recursive: true });
    const entries = [1, 2].map((number) => ({
      idx: number,
      version: '7',
      when: number,
      tag: `000${number}_step`,
      breakpoints: true,
    }));
    writeFileSync(
      join(folder, 'meta', '_journal.json'),
      JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
    );
    writeFileSync(
      join(folder, '0001_step.sql'),
      `create table drizzle_${mode} (id int primary key);\n--> statement-breakpoint\ncreate index on drizzle_${mode} (id);`,
    );
    writeFileSync(join(folder, '0002_step.sql'), `insert into drizzle_${mode} values (1), (2);`);
    const settings = { migrationsFolder: folder, migrationsSchema: `drizzle_${mode}` };
    const pool = new pg.Pool(connection(port()));
    await migrateDrizzle(drizzle(pool), settings);
    const client = postgres(url(port()), { max: 1, onnotice: () => {} });
    await migrateDrizzleOverPostgres(drizzleOverPostgres(client), settings);
    const { rows } = await pool.query(`select count(*)::int as rows from drizzle_${mode}`);
    expect(rows).toEqual([{ rows: 2 }]);
    await pool.end();
    await client.end();
  });

  test('Kysely: the second finds nothing to do, and back again', async () => {
    const name = `kysely_${mode}`;
    const tools = [0, 1].map(() => {
      const db = new Kysely<Record<string, never>>({
        dialect: new PostgresDialect({ pool: new pg.Pool(connection(port())) }),
      });
      const migration = {
        up: (kysely: Kysely<never>) => kysely.schema.createTable(name).addColumn('id', 'integer').execute(),
        down: (kysely: Kysely<never>) => kysely.schema.dropTable(name).execute(),
      };
      const provider = { getMigrations: async () => ({ '001_table': migration }) };
      return {
        db,
        migrator: new Migrator({
          db,
          provider,
          migrationTableName: `${name}_done`,
          migrationLockTableName: `${name}_lock`,
        }),
      };
    });
    const statuses: string[] = [];
    for (const { migrator } of tools) {
      const { error, results = [] } = await migrator.migrateToLatest();
      expect(error).toBeUndefined();
      statuses.push(...results.map(({ status }) => status));
    }
    expect(statuses).toEqual(['Success']);
    expect(await tablesLike(name)).toEqual([name]);
    expect((await tools[0]?.migrator.migrateDown())?.error).toBeUndefined();
    expect(await tablesLike(name)).toEqual([]);
    for (const { db } of tools) await db.destroy();
  });

  test('TypeORM: all in one transaction, and back again', async () => {
    const name = `typeorm_${mode}`;
    class CreateTable1700000000000 implements MigrationInterface {
      readonly name = 'CreateTable1700000000000';
      async up(runner: QueryRunner) {
        await runner.createTable(new Table({ name, columns: [{ name: 'id', type: 'int', isPrimary: true }] }));
      }
      async down(runner: QueryRunner) {
        await runner.dropTable(name);
      }
    }
    const { user: username, ...rest } = connection(port());
    const source = new DataSource({
      type: 'postgres',
      ...rest,
      username,
      migrations: [CreateTable1700000000000],
      migrationsTableName: `${name}_done`,
      installExtensions: false,
    });
    await source.initialize();
    expect((await source.runMigrations()).map((migration) => migration.name)).toEqual(['CreateTable1700000000000']);
    expect(await source.runMigrations()).toEqual([]);
    expect(await tablesLike(name)).toEqual([name]);
    await source.undoLastMigration();
    expect(await tablesLike(name)).toEqual([]);
    await source.destroy();
  });
});

describe('many clients', () => {
  test('2,000 clients on 20 server connections', async () => {
    const count = Number(process.env.POOLER_CLIENTS ?? 2_000);
    const clients = Array.from({ length: count }, () => new pg.Client({ ...connection(), application_name: 'many' }));
    for (let from = 0; from < count; from += 100)
      await Promise.all(clients.slice(from, from + 100).map((client) => client.connect()));
    const pids = await Promise.all(
      clients.map(async (client) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid),
    );
    expect(new Set(pids).size).toBeLessThanOrEqual(20);
    await Promise.all(clients.map((client) => client.end()));
  }, 120_000);
});
