import { join, resolve } from 'node:path';
import { StartupError } from '#kernel/errors';
import { type ConnectionOptions, connectClient } from '#kernel/sql';
import { isForeignVault, keysInUse, resealSecrets } from '../sql/vault.ts';
import { readRecord } from './place/record.ts';
import { addVaultKey, dropVaultKeys, readVaultKeys, vaultKeyPath } from './place/vault-keys.ts';

/** What looking after the vault's root keys needs. */
export interface VaultAdminOptions {
  /** The stack's `VOLUMES_DIR`, absolute. */
  readonly volumes: string;
  /** As a superuser of the running database. */
  readonly connection: ConnectionOptions;
}

/** A new root key and what became of the secrets. */
export interface VaultRotation {
  readonly key: string;
  readonly resealed: number;
}

/**
 * Makes a new root key and puts all secrets under it. The older keys stay, for copies of the database made before; a
 * crash in the middle leaves secrets under either, all of which can be read.
 *
 * @throws StartupError where the vault is not ours
 */
export async function rotateVaultKey(options: VaultAdminOptions): Promise<VaultRotation> {
  const path = keyFile(options);
  return onDatabase(options, async (client) => {
    await keysInUse(client);
    const key = addVaultKey(path);
    return { key, resealed: await resealSecrets(client) };
  });
}

/** Removes root keys that no secret is under any more. @returns their ids @throws StartupError where the vault is not ours */
export async function pruneVaultKeys(options: VaultAdminOptions): Promise<readonly string[]> {
  const path = keyFile(options);
  return onDatabase(options, async (client) => dropVaultKeys(path, await keysInUse(client)));
}

function keyFile({ volumes }: VaultAdminOptions): string {
  const home = join(volumes, 'db');
  const record = readRecord(home);
  if (record?.kind !== 'embedded')
    throw new StartupError('the database is not run by this stack, and the keys of its vault are not here');
  const path = vaultKeyPath(resolve(home, record.base));
  if (readVaultKeys(path).length === 0) throw new StartupError(`there is no ${path}`, 'VOLUMES_DIR');
  return path;
}

async function onDatabase<T>(
  { connection }: VaultAdminOptions,
  work: (client: Awaited<ReturnType<typeof connectClient>>) => Promise<T>,
): Promise<T> {
  const client = await connectClient(connection);
  try {
    return await work(client);
  } catch (error) {
    if (!isForeignVault(error)) throw error;
    throw new StartupError("the database's vault is not ours: it looks after its keys itself", undefined, error);
  } finally {
    await client.pg.end().catch(() => {});
  }
}
