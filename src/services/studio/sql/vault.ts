import type { Database } from '#kernel/sql';

/** A secret of the vault, decrypted; undefined where there is none, or no vault. */
export async function vaultSecret(
  db: Database,
  id: string,
): Promise<{ readonly name: string | null; readonly value: string } | undefined> {
  const { rows } = await db.query<{ there: boolean }>(
    `select to_regclass('vault.decrypted_secrets') is not null as there`,
  );
  if (!rows[0]?.there) return undefined;
  const found = await db.query<{ name: string | null; value: string }>(
    'select name, decrypted_secret as value from vault.decrypted_secrets where id = $1',
    [id],
  );
  return found.rows[0];
}
