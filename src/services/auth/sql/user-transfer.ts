import { nilUuid, type Sql } from './rows.ts';

const columns = `
  id uuid, aud text, role text, email text, phone text, encrypted_password text, email_confirmed_at timestamptz,
  phone_confirmed_at timestamptz, invited_at timestamptz, last_sign_in_at timestamptz, created_at timestamptz,
  updated_at timestamptz, banned_until timestamptz, is_anonymous boolean, is_sso_user boolean,
  raw_app_meta_data jsonb, raw_user_meta_data jsonb`;

const insert = (onConflict: string): string => `
  with inserted as (
    insert into auth.users (instance_id, id, aud, role, email, phone, encrypted_password, invited_at, last_sign_in_at,
      created_at, updated_at, banned_until, is_anonymous, is_sso_user, raw_app_meta_data, raw_user_meta_data,
      confirmation_token, recovery_token, email_change_token_new, email_change, phone_change, phone_change_token,
      email_change_token_current, email_change_confirm_status, reauthentication_token)
    select '${nilUuid}', id, aud, role, email, phone, encrypted_password, invited_at, last_sign_in_at, created_at,
      updated_at, banned_until, is_anonymous, is_sso_user, raw_app_meta_data, raw_user_meta_data,
      '', '', '', '', '', '', '', 0, ''
    from json_to_recordset($1::json) as given (${columns}) ${onConflict}
    returning id
  ), identified as (
    insert into auth.identities (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
    select gen_random_uuid(), provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at
    from json_to_recordset($2::json) as given (provider_id text, user_id uuid, identity_data jsonb, provider text,
      last_sign_in_at timestamptz, created_at timestamptz, updated_at timestamptz)
    where user_id in (select id from inserted)
  )
  select id from inserted`;

const statements = {
  insertAll: insert(''),
  insertNew: insert('on conflict do nothing'),
  // An update of its own: applications have triggers on it.
  confirm: `
    update auth.users u
    set email_confirmed_at = given.email_confirmed_at, phone_confirmed_at = given.phone_confirmed_at
    from json_to_recordset($1::json) as given (${columns})
    where u.id = given.id and u.id = any ($2::uuid[])
      and (given.email_confirmed_at is not null or given.phone_confirmed_at is not null)`,
  page: `
    select row_to_json(u) as "user",
      (select coalesce(json_agg(row_to_json(i) order by i.created_at, i.id), '[]')
        from auth.identities i where i.user_id = u.id) as identities
    from auth.users u
    where (u.instance_id = '${nilUuid}' or u.instance_id is null) and u.deleted_at is null and u.id > $1
    order by u.id limit $2`,
};

/** A user as it goes into the table; times as text that PostgreSQL reads. */
export interface TransferredUser {
  readonly id: string;
  readonly [column: string]: unknown;
}

/**
 * Inserts users with their identities, then confirms addresses.
 *
 * @param skipKnown true: users whose id or address is taken are left out
 * @returns the ids of those who are new
 */
export async function insertUsers(
  sql: Sql,
  users: readonly TransferredUser[],
  identities: readonly object[],
  skipKnown: boolean,
): Promise<string[]> {
  const given = JSON.stringify(users);
  const statement = skipKnown ? statements.insertNew : statements.insertAll;
  const { rows } = await sql.query<{ id: string }>(statement, [given, JSON.stringify(identities)]);
  const ids = rows.map(({ id }) => id);
  await sql.query(statements.confirm, [given, ids]);
  return ids;
}

/** Users behind an id, in the order of ids. @param after the nil UUID begins */
export async function readUsers(
  sql: Sql,
  after: string,
  count: number,
): Promise<{ readonly user: Record<string, unknown>; readonly identities: readonly Record<string, unknown>[] }[]> {
  const { rows } = await sql.query<{ user: Record<string, unknown>; identities: Record<string, unknown>[] }>(
    statements.page,
    [after, count],
  );
  return rows;
}
