import { asDatabaseError, type Client } from '#kernel/sql';

/** Puts every secret under the current root key, in one transaction. @returns how many were under another one */
export async function resealSecrets(client: Client): Promise<number> {
  const { rows } = await client.pg.query<{ count: string }>('select vault._reseal() as count');
  return Number(rows[0]?.count);
}

/** Ids of the root keys that secrets are under. */
export async function keysInUse(client: Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.pg.query<{ id: string }>('select id from vault._keys_in_use() as id');
  return new Set(rows.map(({ id }) => id));
}

/** Whether the server says that the vault is none of ours. */
export const isForeignVault = (error: unknown): boolean =>
  ['42883', '3F000'].includes(asDatabaseError(error)?.code ?? '');
