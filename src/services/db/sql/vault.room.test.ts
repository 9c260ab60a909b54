import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
let postgres: Client;
beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
});
afterAll(async () => {
  await postgres.pg.end();
  await db.drop();
});

const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const one = async (sql: string, values: unknown[] = []) => Object.values((await query(sql, values))[0])[0];

it('secrets are made, listed, changed and deleted', async () => {
  const id = await one(`select vault.create_secret('s3kr3t', 'unique_name', 'a description')`);
  expect(await query('select name, description, decrypted_secret from vault.decrypted_secrets')).toEqual([
    { name: 'unique_name', description: 'a description', decrypted_secret: 's3kr3t' },
  ]);
  const [stored] = await query('select secret, key_id, octet_length(nonce) as nonce from vault.secrets');
  expect(stored).toMatchObject({ key_id: null, nonce: 16 });
  expect(Buffer.from(stored.secret, 'base64').includes('s3kr3t')).toBe(false);

  await query(`select vault.update_secret($1, 'n3w', 'other_name')`, [id]);
  const [changed] = await query('select * from vault.decrypted_secrets where id = $1', [id]);
  expect(changed).toMatchObject({ name: 'other_name', description: 'a description', decrypted_secret: 'n3w' });
  expect(changed.updated_at.getTime()).toBeGreaterThan(changed.created_at.getTime());
  await query(`select vault.update_secret($1, new_description => '')`, [id]);
  expect(await query('select description, decrypted_secret from vault.decrypted_secrets')).toEqual([
    { description: '', decrypted_secret: 'n3w' },
  ]);
  await query('delete from vault.secrets where id = $1', [id]);
  expect(await query('select from vault.decrypted_secrets')).toEqual([]);
});

it('names are unique where there are any', async () => {
  await query(`select vault.create_secret('one', 'taken')`);
  await expect(query(`select vault.create_secret('two', 'taken')`)).rejects.toMatchObject({ code: '23505' });
  await query(`select vault.create_secret('x'), vault.create_secret('x')`);
  const rows = await query(`select secret from vault.secrets where name is null`);
  expect(new Set(rows.map(({ secret }) => secret)).size).toBe(2);
  await query('delete from vault.secrets');
});

it('every text comes back as it was', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 }).filter((value) => !value.includes('\0'));
  await fc.assert(
    fc.asyncProperty(
      text.filter((value) => Buffer.from(value).toString() === value),
      async (secret) => {
        const id = await one('select vault.create_secret($1)', [secret]);
        expect(await one('select decrypted_secret from vault.decrypted_secrets where id = $1', [id])).toBe(secret);
      },
    ),
    { numRuns: 50 },
  );
  await query('delete from vault.secrets');
});

it('a secret that was tampered with, or put into another row, is refused', async () => {
  await query(`select vault.create_secret('first', 'a'), vault.create_secret('other', 'b')`);
  const [a, b] = await query('select id, secret, nonce from vault.secrets order by name');
  const bytes = Buffer.from(a.secret, 'base64');
  const decrypt = (secret: Buffer, id: string, nonce: Buffer) =>
    query(
      `select convert_from(vault._crypto_aead_det_decrypt($1, convert_to($2::text, 'UTF8'), 0, 'pgsodium', $3), 'UTF8') as t`,
      [secret, id, nonce],
    );
  expect(await decrypt(bytes, a.id, a.nonce)).toEqual([{ t: 'first' }]);
  for (const at of [0, 5, 6, 20, 21, bytes.length - 1]) {
    const wrong = Buffer.from(bytes);
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    await expect(decrypt(wrong, a.id, a.nonce), `byte ${at}`).rejects.toMatchObject({ message: 'invalid ciphertext' });
  }
  const unknownKey = Buffer.from(bytes);
  unknownKey[1] = (unknownKey[1] ?? 0) ^ 1;
  await expect(decrypt(unknownKey, a.id, a.nonce)).rejects.toMatchObject({ code: '55000' });
  await expect(decrypt(bytes, b.id, a.nonce)).rejects.toMatchObject({ message: 'invalid ciphertext' });
  await expect(decrypt(bytes, a.id, b.nonce)).rejects.toMatchObject({ message: 'invalid ciphertext' });
  await expect(decrypt(Buffer.alloc(10, 1), a.id, a.nonce)).rejects.toMatchObject({ message: 'invalid ciphertext' });
  await query('delete from vault.secrets');
});

it('only the project’s owner and the service role get to it, and nobody to the keys', async () => {
  await query(`select vault.create_secret('hidden', 'a')`);
  for (const role of ['anon', 'authenticated']) {
    await query(`begin; set local role ${role}`);
    await expect(query('select * from vault.decrypted_secrets')).rejects.toMatchObject({ code: '42501' });
    await query('rollback');
  }
  await query('begin; set local role service_role');
  expect(await query('select decrypted_secret from vault.decrypted_secrets')).toEqual([{ decrypted_secret: 'hidden' }]);
  await query(`select vault.create_secret('by the service role')`);
  await query('commit');
  for (const call of ['vault._root_keys()', 'vault._root_key(null)', 'vault._reseal()', `vault._seal(null, 'x')`])
    await expect(query(`select ${call}`), call).rejects.toMatchObject({ code: '42501' });
  await expect(query(`insert into vault.secrets (secret) values ('clear')`)).rejects.toMatchObject({ code: '42501' });
  await expect(query(`select pg_read_file('vault.key')`)).rejects.toMatchObject({ code: '42501' });
  await query('delete from vault.secrets');
});

it('an older version is brought up with what it holds', async () => {
  await db.query('drop extension supabase_vault cascade');
  await db.query(`create extension supabase_vault with schema vault version '0.3.1+sql'`);
  await db.query('alter extension supabase_vault update');
  await query(`select vault.create_secret('after', 'a')`);
  expect(await query('select decrypted_secret from vault.decrypted_secrets')).toEqual([{ decrypted_secret: 'after' }]);
});
