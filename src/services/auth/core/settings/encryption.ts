import { boolean, list, string } from '#kernel/config';

const keyId: [RegExp, string] = [/^[\w.-]{1,64}$/, 'must be letters, digits, dots, dashes and underscores, 64 at most'];

/** Settings of the encryption of password hashes, factors' secrets, session keys and added providers' secrets. */
export const encryptionSettings = {
  encryptColumns: boolean({
    name: 'GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPT',
    default: false,
    help: 'Encrypt password hashes, secrets of factors and of added providers, and keys of sessions as they are written.',
  }),
  encryptionKeyId: string({
    name: 'GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY_ID',
    pattern: keyId,
    help: 'Name of the key new values are encrypted with. Values of other keys are encrypted anew when they are used.',
  }),
  encryptionKey: string({
    name: 'GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY',
    secret: true,
    help: 'That key: 32 bytes in base64url.',
  }),
  decryptionKeys: list({
    name: 'GOTRUE_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS',
    default: [],
    secret: true,
    help: 'Keys that stored values may be encrypted with, id:key,id:key.',
  }),
};
