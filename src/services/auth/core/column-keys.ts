import { StartupError } from '#kernel/errors';
import type { AuthSettings } from '../settings.ts';
import { type ColumnCipher, ColumnKeyError, createColumnCipher } from './column-cipher.ts';

const prefix = 'GOTRUE_SECURITY_DB_ENCRYPTION_';

/** The settings that say how columns are encrypted. */
export type ColumnSettings = Pick<
  AuthSettings,
  'encryptColumns' | 'encryptionKeyId' | 'encryptionKey' | 'decryptionKeys'
>;

/** The encryption of columns as settings want it. @throws StartupError where they contradict each other */
export function openColumns(settings: ColumnSettings): ColumnCipher {
  const { encryptColumns, encryptionKeyId, encryptionKey } = settings;
  const keys = new Map<string, string>();
  for (const entry of settings.decryptionKeys) {
    const border = entry.lastIndexOf(':');
    if (border < 1) throw new StartupError('keys are given as id:key', `${prefix}DECRYPTION_KEYS`);
    keys.set(entry.slice(0, border), entry.slice(border + 1));
  }
  if (encryptColumns && encryptionKeyId === undefined)
    throw new StartupError('encrypting columns needs the id of a key', `${prefix}ENCRYPTION_KEY_ID`);
  if (encryptColumns && encryptionKey === undefined)
    throw new StartupError('encrypting columns needs a key', `${prefix}ENCRYPTION_KEY`);
  // Two keys of one id would leave half of the values unreadable.
  if (encryptionKeyId !== undefined && encryptionKey !== undefined) {
    const other = keys.get(encryptionKeyId);
    if (other !== undefined && other !== encryptionKey)
      throw new StartupError(
        `there are two keys with the id ${JSON.stringify(encryptionKeyId)}`,
        `${prefix}DECRYPTION_KEYS`,
      );
    keys.set(encryptionKeyId, encryptionKey);
  }
  try {
    return createColumnCipher({ encryptWith: encryptColumns ? encryptionKeyId : undefined, keys });
  } catch (error) {
    if (!(error instanceof ColumnKeyError)) throw error;
    throw new StartupError(error.message, `${prefix}${encryptColumns ? 'ENCRYPTION_KEY' : 'DECRYPTION_KEYS'}`, error);
  }
}
