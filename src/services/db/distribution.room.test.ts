import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClient } from '#kernel/sql';
import { type OwnRoom, ownRoom, queryOnce, removeFolder, testFolder } from './testing/own-room.ts';

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

  test('starts again on the same data', async () => {
    await own.room.stop();
    await own.start();
    expect((await own.room.health()).status).toBe('healthy');
  });

  test('the embedded package refuses its data', async () => {
    await own.room.stop();
    const other = await ownRoom(folder);
    await expect(other.start()).rejects.toMatchObject({
      message: expect.stringContaining('holds data of PostgreSQL 15'),
    });
    await own.start();
  });
});
