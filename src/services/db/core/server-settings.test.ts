import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderHostRules, renderIdentMap } from './access-rules.ts';
import { memorySizes } from './memory.ts';
import { renderServerConfig, type ServerShape, serverArguments } from './server-settings.ts';

const shape: ServerShape = {
  major: 18,
  memory: memorySizes('auto', 2 * 1024 ** 3),
  port: 5432,
  listenAddress: '127.0.0.1',
  socketDir: '/run/x',
  maxConnections: 100,
  database: 'postgres',
  preload: ['pg_stat_statements', 'auto_explain'],
  extensionPath: ['/data/extensions', '$system'],
  hbaFile: '/data/conf/pg_hba.conf',
  identFile: '/data/conf/pg_ident.conf',
  configFile: '/data/conf/postgresql.conf',
};

const settingsOf = (text: string) =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(' = ') as [string, string]),
  );

test('durability cannot be configured away: it stands on the command line, not in the file', () => {
  const args = serverArguments('/data', shape);
  expect(args.slice(0, 2)).toEqual(['-D', '/data']);
  for (const fixed of ['fsync=on', 'full_page_writes=on', 'wal_level=logical', 'listen_addresses=127.0.0.1'])
    expect(args).toContain(fixed);
  const file = settingsOf(renderServerConfig(shape));
  for (const name of ['fsync', 'full_page_writes', 'wal_level', 'listen_addresses', 'hba_file'])
    expect(file.has(name)).toBe(false);
});

test('the file holds what the image sets, and what this version knows', () => {
  const file = settingsOf(renderServerConfig(shape));
  expect(Object.fromEntries(file)).toMatchObject({
    max_replication_slots: '5',
    max_wal_senders: '10',
    max_slot_wal_keep_size: "'4GB'",
    timezone: "'UTC'",
    row_security: "'on'",
    shared_buffers: "'128MB'",
    extension_control_path: "'/data/extensions:$system'",
    io_method: "'sync'",
    'auto_explain.log_min_duration': "'10s'",
  });
  const older = settingsOf(renderServerConfig({ ...shape, major: 15, preload: ['pg_cron'], database: "o'brien" }));
  expect(older.has('extension_control_path')).toBe(false);
  expect(older.has('io_method')).toBe(false);
  expect(older.has('auto_explain.log_min_duration')).toBe(false);
  expect(older.get('cron.database_name')).toBe("'o''brien'");
  expect(older.get('cron.use_background_workers')).toBe("'on'");
});

test('a socket folder with commas and quotes stays one folder', () => {
  expect(serverArguments('/data', { ...shape, socketDir: '/a,b "c"' })).toContain(
    'unix_socket_directories="/a,b ""c"""',
  );
});

test('the first rule that fits decides: nobody but the superuser gets in without a password', () => {
  const rules = renderHostRules()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
  for (const [type, , user, ...rest] of rules) {
    if (rest.includes('peer')) expect([type, user]).toEqual(['local', 'supabase_admin']);
    else expect(rest.at(-1)).toBe(type === 'local' && user === 'all' && rest[0] === 'md5' ? 'md5' : 'scram-sha-256');
    if (type === 'host') expect(rest[0]).toMatch(/^(127\.0\.0\.0\/8|::1\/128)$/);
  }
  expect(rules.map(([type, database]) => `${type} ${database}`)).toContain('host replication');
});

test('system users are written so that each stays one name', () => {
  expect(renderIdentMap(['root', 'postgres', 'root']).match(/supabase_admin/g)).toHaveLength(2);
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((name) => !/[\n\r]/.test(name)),
      (name) => {
        const line = renderIdentMap([name]).split('\n')[1] as string;
        const quoted = /^stack {2}"(.*)" {2}supabase_admin$/s.exec(line)?.[1];
        expect(quoted?.replaceAll('""', '"')).toBe(name);
      },
    ),
  );
});
