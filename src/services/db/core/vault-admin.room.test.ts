import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type OwnRoom, ownRoom, queryOnce, removeFolder, testFolder } from '../testing/own-room.ts';
import { readVaultKeys } from './place/vault-keys.ts';
import { pruneVaultKeys, rotateVaultKey } from './vault-admin.ts';

let folder: string;
let own: OwnRoom;
let postgres: Client;
let keyFile: string;

beforeAll(async () => {
  folder = testFolder();
  own = await ownRoom(folder);
  await own.start();
  keyFile = join(folder, 'db/vault.key');
  postgres = await connectClient(own.room.api.connection('postgres'));
});
afterAll(async () => {
  await postgres.pg.end();
  await own.room.stop();
  removeFolder(folder);
});

const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const admin = () => ({ volumes: folder, connection: own.room.api.connection('supabase_admin') });
const decrypted = async () =>
  (await query('select decrypted_secret as text from vault.decrypted_secrets order by name')).map(({ text }) => text);

test('the root key is the server user’s alone', () => {
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(statSync(keyFile).uid).toBe(statSync(join(folder, 'db/data')).uid);
});

test('nothing below the data directory reveals a secret or the key', async () => {
  const secret = 'correct-horse-battery-staple';
  await query(`select vault.create_secret($1, 'a', 'about it')`, [secret]);
  await query(`select vault.create_secret('correct-horse-in-a-statement', 'b')`);
  expect(await decrypted()).toEqual([secret, 'correct-horse-in-a-statement']);
  await queryOnce(own.room.api.connection('supabase_admin'), 'checkpoint');
  const key = readVaultKeys(keyFile)[0]?.key ?? 'none';
  const found = (text: string) => {
    try {
      return execFileSync('grep', ['-rlaF', text, join(folder, 'db/data')]).toString();
    } catch (error) {
      return (error as { stdout: Buffer }).stdout.toString();
    }
  };
  expect(found('about it')).not.toBe('');
  expect(found('correct-horse')).toBe('');
  expect(found(Buffer.from(secret).toString('base64').slice(0, 30))).toBe('');
  expect(found(key)).toBe('');
});

test('rotation puts all secrets under a new key, and old copies stay readable until old keys are removed', async () => {
  const [before] = readVaultKeys(keyFile);
  const old = await query('select id, secret, nonce from vault.secrets order by name');
  copyFileSync(keyFile, `${keyFile}.copy`);
  const rotated = await rotateVaultKey(admin());
  expect(rotated.resealed).toBe(2);
  expect(readVaultKeys(keyFile).map(({ id }) => id)).toEqual([rotated.key, before?.id]);
  expect(await decrypted()).toEqual(['correct-horse-battery-staple', 'correct-horse-in-a-statement']);
  const now = await query('select id, secret, nonce from vault.secrets order by name');
  for (const [index, row] of now.entries()) expect(row.secret).not.toBe(old[index]?.secret);

  // What a restored copy from before holds.
  const restored = async () =>
    (
      await query(
        `select convert_from(
           vault._crypto_aead_det_decrypt(decode($1, 'base64'), convert_to($2::text, 'UTF8'), 0, 'pgsodium', $3), 'UTF8'
         ) as text`,
        [old[0]?.secret, old[0]?.id, old[0]?.nonce],
      )
    )[0]?.text;
  expect(await restored()).toBe('correct-horse-battery-staple');
  expect(await pruneVaultKeys(admin())).toEqual([before?.id]);
  await expect(restored()).rejects.toMatchObject({ code: '55000' });
  expect(await decrypted()).toEqual(['correct-horse-battery-staple', 'correct-horse-in-a-statement']);
  expect(await pruneVaultKeys(admin())).toEqual([]);
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
});

test('an unfinished rotation leaves everything readable', async () => {
  // The key is there, the secrets are still under the one before.
  const [current] = readVaultKeys(keyFile);
  const { addVaultKey } = await import('./place/vault-keys.ts');
  const fresh = addVaultKey(keyFile);
  expect(await decrypted()).toHaveLength(2);
  await query(`select vault.create_secret('third', 'c')`);
  expect(await pruneVaultKeys(admin())).toEqual([]);
  const { resealed } = await rotateVaultKey(admin());
  expect(resealed).toBe(3);
  expect([...(await pruneVaultKeys(admin()))].sort()).toEqual([fresh, current?.id].sort());
  expect(readFileSync(keyFile, 'utf8').match(/^[0-9a-f]{8} /gm)).toHaveLength(1);
});

test('a stack without a database of its own says so', async () => {
  const elsewhere = testFolder();
  await expect(rotateVaultKey({ ...admin(), volumes: elsewhere })).rejects.toThrow('not run by this stack');
  removeFolder(elsewhere);
});
