import { asDatabaseError, type Database } from '#kernel/sql';

const known = `
select exists (
  select from pg_enum where enumtypid = 'auth.factor_type'::regtype and enumlabel = 'recovery_code') as known`;
const add = `alter type auth.factor_type add value if not exists 'recovery_code'`;

/**
 * Makes sure that factors can be recovery codes. The mirrored release's schema does not know that kind, so it is added only
 * where settings ask for it.
 *
 * @returns false when the role may not change the type
 */
export async function addRecoveryKind(db: Database): Promise<boolean> {
  if ((await db.query<{ known: boolean }>(known)).rows[0]?.known === true) return true;
  try {
    await db.query(add);
    return true;
  } catch (error) {
    if (asDatabaseError(error)?.code === '42501') return false;
    throw error;
  }
}
