import { quoteIdentifier } from '#kernel/sql';
import type { Sql } from './rows.ts';
import type { TokenType } from './users.ts';

const statements = {
  put: `
    insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
    values (gen_random_uuid(), $1, $2, $3, $4, $5::timestamptz at time zone 'UTC', $5::timestamptz at time zone 'UTC')
    on conflict (user_id, token_type) do update set
      id = excluded.id, token_hash = excluded.token_hash, relates_to = excluded.relates_to,
      created_at = excluded.created_at, updated_at = excluded.updated_at`,
  clear: 'delete from auth.one_time_tokens where user_id = $1 and token_type = any ($2::auth.one_time_token_type[])',
  clearAll: 'delete from auth.one_time_tokens where user_id = $1',
};

/** Stores a token; an older one of the same user and type is replaced. @param relatesTo the address it was sent to */
export async function putOneTimeToken(
  sql: Sql,
  userId: string,
  type: TokenType,
  hash: string,
  relatesTo: string,
  now: string,
): Promise<void> {
  await sql.query(statements.put, [userId, type, hash, relatesTo.toLowerCase(), now]);
}

/** Removes tokens of some types, or of all. */
export async function clearOneTimeTokens(sql: Sql, userId: string, types?: readonly TokenType[]): Promise<void> {
  if (types) await sql.query(statements.clear, [userId, types]);
  else await sql.query(statements.clearAll, [userId]);
}

/** Makes a code void, unless another one has taken its place meanwhile. @param stored what the code is stored as */
export async function voidToken(sql: Sql, userId: string, type: TokenType, stored: string, now: string): Promise<void> {
  const column = quoteIdentifier(type);
  await sql.query(
    `with cleared as (
      update auth.users set ${column} = '', updated_at = $4 where id = $1 and ${column} = $3
    )
    delete from auth.one_time_tokens where user_id = $1 and token_type = $2 and token_hash = $3`,
    [userId, type, stored, now],
  );
}
