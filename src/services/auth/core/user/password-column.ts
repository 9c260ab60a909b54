import type { Sql, UserRow } from '../../sql/rows.ts';
import { replaceHash } from '../../sql/users.ts';
import type { ColumnCipher } from '../column-cipher.ts';
import type { AuthContext } from '../context.ts';

type Stored = Pick<UserRow, 'id' | 'encrypted_password'>;

/** What the column holds at most. */
const columnLength = 255;

/** A password hash as it is stored. Imported hashes whose encrypted form is too long for the column stay as they are. */
export function sealHash(columns: ColumnCipher, userId: string, hash: string): string {
  const sealed = columns.seal(userId, hash);
  return sealed.length <= columnLength ? sealed : hash;
}

/** A user's password hash; null where there is none. @throws Error when its key is not configured */
export const openHash = (columns: ColumnCipher, { id, encrypted_password: stored }: Stored): string | null =>
  stored ? columns.open(id, stored).plain.toString() : null;

/** Whether a password is a user's. Nobody, or a user without a password, costs the same work. */
export const isPasswordOf = ({ passwords, columns }: AuthContext, user: Stored | undefined, password: string) =>
  passwords.verify(password, user ? openHash(columns, user) : null);

/** Encrypts a stored hash anew where keys have changed since; a password that was changed meanwhile is left alone. */
export async function renewHash(columns: ColumnCipher, sql: Sql, { id, encrypted_password: stored }: Stored) {
  if (!stored || !columns.open(id, stored).isStale) return;
  const sealed = sealHash(columns, id, openHash(columns, { id, encrypted_password: stored }) ?? '');
  if (sealed !== stored) await replaceHash(sql, id, stored, sealed);
}
