import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { realtimeSettings } from '#services/realtime';
import { realtimeDatabase } from './realtime-database.ts';

const databaseOf = (env: Record<string, string>) =>
  realtimeDatabase(resolveSettings(realtimeSettings, { env, files: [], alone: true }).values);

it("is the stack's unless a host is named", () => {
  expect(databaseOf({ DB_SSL: 'true' })).toBeUndefined();
  expect(databaseOf({ DB_HOST: 'elsewhere', DB_PASSWORD: 'p' })).toEqual({
    host: 'elsewhere',
    port: 5432,
    user: 'supabase_admin',
    database: 'postgres',
    password: 'p',
  });
});

it('has TLS where DB_SSL says so, and is verified by the authorities of DB_SSL_CA_CERT', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stack-test-'));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, 'authorities');
  const env = { DB_HOST: 'elsewhere', DB_SSL: 'true' };
  expect(databaseOf(env)).toMatchObject({ sslMode: 'require' });
  expect(databaseOf({ ...env, DB_SSL_CA_CERT: file })).toMatchObject({
    sslMode: 'verify-full',
    sslRootCertificate: 'authorities',
  });
  expect(databaseOf({ ...env, DB_SSL: 'false', DB_SSL_CA_CERT: file })).not.toHaveProperty('sslMode');
  rmSync(folder, { recursive: true });
  expect(() => databaseOf({ ...env, DB_SSL_CA_CERT: file })).toThrow(`cannot read ${file} (ENOENT)`);
});
