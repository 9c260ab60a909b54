import type { IdentityRow, Metadata, Sql } from './rows.ts';

const statements = {
  insert: `
    insert into auth.identities (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $6, $6)`,
  update: 'update auth.identities set identity_data = $2, updated_at = $3 where id = $1',
  signIn: `
    update auth.identities set identity_data = $2, last_sign_in_at = $3, updated_at = $3 where id = $1`,
  deleteOthers: `
    delete from auth.identities where user_id = $1 and not (provider = $2 and provider_id = $3)
      and coalesce(identity_data ->> 'email_verified', 'false') <> 'true'`,
  anonymise: `
    update auth.identities set provider_id = $2, identity_data = '{}', updated_at = $3 where id = $1`,
  delete: 'delete from auth.identities where id = $1 and user_id = $2',
};

/** Adds a way to sign in. @param identity its id is a new UUID */
export async function insertIdentity(
  sql: Sql,
  identity: Pick<IdentityRow, 'id' | 'provider_id' | 'user_id' | 'identity_data' | 'provider'>,
  now: string,
): Promise<void> {
  const { id, provider_id, user_id, identity_data, provider } = identity;
  await sql.query(statements.insert, [id, provider_id, user_id, JSON.stringify(identity_data), provider, now]);
}

/** Replaces what the provider told of a user. */
export async function updateIdentityData(sql: Sql, id: string, data: Metadata, now: string): Promise<void> {
  await sql.query(statements.update, [id, JSON.stringify(data), now]);
}

/** Replaces what the provider told of a user, who has just signed in by it. */
export async function refreshIdentity(sql: Sql, id: string, data: Metadata, now: string): Promise<void> {
  await sql.query(statements.signIn, [id, JSON.stringify(data), now]);
}

/** Removes a user's identities whose address nobody has checked, all but one. */
export async function deleteUncheckedIdentities(
  sql: Sql,
  userId: string,
  keep: { readonly provider: string; readonly subject: string },
): Promise<void> {
  await sql.query(statements.deleteOthers, [userId, keep.provider, keep.subject]);
}

/** Takes everything personal out of an identity. @param providerId what stands in place of the provider's name for the user */
export async function anonymiseIdentity(sql: Sql, id: string, providerId: string, now: string): Promise<void> {
  await sql.query(statements.anonymise, [id, providerId, now]);
}

/** Removes a way to sign in. */
export async function deleteIdentity(sql: Sql, id: string, userId: string): Promise<void> {
  await sql.query(statements.delete, [id, userId]);
}
