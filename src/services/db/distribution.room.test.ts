import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClient } from '#kernel/sql';
import { type OwnRoom, ownRoom, queryOnce, removeFolder, testFolder, testPassword } from './testing/own-room.ts';

const binDir = '/usr/lib/postgresql/15/bin';

test('a folder without a server is one line naming the setting', async () => {
  const folder = testFolder();
  for (const wrong of ['/nonexistent', folder]) {
    const own = await ownRoom(folder, { POSTGRES_BIN_DIR: wrong });
    await expect(own.start()).rejects.toMatchObject({ name: 'StartupError', setting: 'POSTGRES_BIN_DIR' });
  }
  removeFolder(folder);
});

describe.runIf(existsSync(binDir))("a distribution's PostgreSQL 15 as the embedded server", () => {
  let folder: string;
  let own: OwnRoom;

  beforeAll(async () => {
    folder = testFolder();
    own = await ownRoom(folder, { POSTGRES_BIN_DIR: binDir });
    await own.start();
  });

  afterAll(async () => {
    await own.room.stop();
    removeFolder(folder);
  });

  test('serves like the embedded one', async () => {
    expect(await own.room.health()).toMatchObject({ status: 'healthy', detail: { embedded: true } });
    expect(Math.floor(own.room.api.serverVersion / 10_000)).toBe(15);
    const [settings] = await queryOnce(
      own.room.api.connection('postgres'),
      `select current_setting('data_checksums') as checksums, current_setting('wal_level') as wal,
        datcollate as collate, pg_encoding_to_char(encoding) as encoding
      from pg_database where datname = current_database()`,
    );
    expect(settings).toEqual({ checksums: 'on', wal: 'logical', collate: 'C.UTF-8', encoding: 'UTF8' });
  });

  test('its own extensions and ours can be created by postgres', async () => {
    const client = await connectClient(own.room.api.connection('postgres'));
    for (const name of ['hstore', 'pg_trgm', 'vector', 'pg_cron', 'pgmq'])
      await client.pg.query(`create extension if not exists ${name} cascade`);
    const { rows } = await client.pg.query(`select '{"a":1}'::jsonb ? 'a' as json, 'a=>1'::hstore -> 'a' as value`);
    await client.pg.end();
    expect(rows).toEqual([{ json: true, value: '1' }]);
  });

  test('ours do there what they do elsewhere', async () => {
    const client = await connectClient(own.room.api.connection('postgres'));
    const { rows } = await client.pg.query(
      `select cron.schedule('x', '0 3 * * mon-fri', 'select 1') > 0 as scheduled,
         ('[0.1,3]'::halfvec <-> '[0.1,0]')::int as half, ('{1:3}/9'::sparsevec <-> '{2:4}/9') as sparse,
         B'1010' <~> B'0110' as bits, net.http_get('http://x.example/', '{"a": "b c"}') > 0 as asked,
         vault.create_secret('hidden', 'name') is not null as kept`,
    );
    expect(rows).toEqual([{ scheduled: true, half: 3, sparse: 5, bits: 2, asked: true, kept: true }]);
    const later = await client.pg.query(
      `select decrypted_secret as secret, (select url from net.http_request_queue) as url from vault.decrypted_secrets`,
    );
    expect(later.rows).toEqual([{ secret: 'hidden', url: 'http://x.example/?a=b%20c' }]);
    await client.pg.query(`select pgmq.create('q')`);
    await client.pg.query(`select pgmq.send('q', '{"a":1}')`);
    expect((await client.pg.query(`select message from pgmq.read('q', 30, 1)`)).rows).toEqual([{ message: { a: 1 } }]);
    expect((await client.pg.query(`select queue_length from pgmq.metrics('q')`)).rows).toEqual([{ queue_length: '1' }]);
    await client.pg.end();
  });

  const secret = 'a-secret-that-nobody-may-find';
  const isIn = (content: Buffer) =>
    (['utf8', 'hex', 'base64'] as const).some((form) =>
      content.includes(Buffer.from(secret).toString(form).replace(/=+$/, '')),
    );

  test('a dump reveals no secret', async () => {
    await queryOnce(own.room.api.connection('postgres'), `select vault.create_secret('${secret}', 'dumped')`);
    const admin = own.room.api.connection('supabase_admin');
    // The role that may read it can; the dump has its ciphertext.
    const [shown] = await queryOnce(
      admin,
      `select decrypted_secret from vault.decrypted_secrets where name = 'dumped'`,
    );
    expect(shown).toEqual({ decrypted_secret: secret });
    const options = ['-h', admin.host, '-p', String(admin.port), '-U', 'supabase_admin', '-d', admin.database];
    const dump = execFileSync(join(binDir, 'pg_dump'), options, {
      env: { ...process.env, PGPASSWORD: testPassword },
      maxBuffer: 64 << 20,
    });
    expect(dump.includes('dumped')).toBe(true);
    expect(isIn(dump)).toBe(false);
  });

  test('starts again on the same data, and brings older versions of ours up', async () => {
    const versions = () =>
      queryOnce<{ name: string; version: string }>(
        own.room.api.connection('postgres'),
        `select extname as name, extversion as version from pg_extension where extname in ('pgmq', 'vector') order by 1`,
      );
    const admin = own.room.api.connection('supabase_admin');
    await queryOnce(admin, 'drop extension pgmq cascade; drop extension vector cascade');
    await queryOnce(admin, `create extension pgmq version '1.5.1+sql'; create extension vector version '0.8.0+sql'`);
    await own.room.stop();
    await own.start();
    expect((await own.room.health()).status).toBe('healthy');
    expect(await versions()).toEqual([
      { name: 'pgmq', version: '1.5.1+sql2' },
      { name: 'vector', version: '0.8.0+sql2' },
    ]);
    expect(own.lines.filter((line) => /^extension \w+ was brought up to date$/.test(line))).toHaveLength(2);
  });

  test('its data reveal no secret, and the embedded package refuses them', async () => {
    await own.room.stop();
    const data = join(folder, 'db/data');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.filter(({ parentPath, name }) => isIn(readFileSync(join(parentPath, name))))).toEqual([]);
    const other = await ownRoom(folder);
    await expect(other.start()).rejects.toMatchObject({
      message: expect.stringContaining('holds data of PostgreSQL 15'),
    });
    await own.start();
  });
});
