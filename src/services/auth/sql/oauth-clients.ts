import { quoteIdentifier } from '#kernel/sql';
import type { Sql } from './rows.ts';

/** An application that signs users in here, as its row has it; lists are divided by commas. */
export interface OAuthClientRow {
  readonly id: string;
  readonly client_secret_hash: string | null;
  readonly registration_type: 'dynamic' | 'manual';
  readonly redirect_uris: string;
  readonly grant_types: string;
  readonly client_name: string | null;
  readonly client_uri: string | null;
  readonly logo_uri: string | null;
  readonly client_type: 'public' | 'confidential';
  readonly token_endpoint_auth_method: 'client_secret_basic' | 'client_secret_post' | 'none';
  readonly created_at: string;
  readonly updated_at: string;
}

/** Columns that are written. */
export type OAuthClientChanges = Partial<Omit<OAuthClientRow, 'id' | 'created_at' | 'updated_at'>>;

const statements = {
  all: `
    select row_to_json(c) as client from auth.oauth_clients c where deleted_at is null
    order by created_at desc, id limit $1 offset $2`,
  count: 'select count(*)::int as total from auth.oauth_clients where deleted_at is null',
  one: 'select row_to_json(c) as client from auth.oauth_clients c where id = $1 and deleted_at is null',
  // Whatever the client was given ends with it.
  delete: `
    with sessions as (delete from auth.sessions where oauth_client_id = $1),
      consents as (update auth.oauth_consents set revoked_at = $2 where client_id = $1 and revoked_at is null),
      requests as (delete from auth.oauth_authorizations where client_id = $1)
    update auth.oauth_clients set deleted_at = $2, updated_at = $2 where id = $1 and deleted_at is null`,
};

/** A page of clients, newest first, with the number of all. */
export async function listOAuthClients(
  sql: Sql,
  limit: number,
  offset: number,
): Promise<{ clients: OAuthClientRow[]; total: number }> {
  const count = await sql.query<{ total: number }>(statements.count);
  const { rows } = await sql.query<{ client: OAuthClientRow }>(statements.all, [limit, offset]);
  return { clients: rows.map(({ client }) => client), total: count.rows[0]?.total ?? 0 };
}

/** A client by id. */
export async function findOAuthClient(sql: Sql, id: string): Promise<OAuthClientRow | undefined> {
  return (await sql.query<{ client: OAuthClientRow }>(statements.one, [id])).rows[0]?.client;
}

/** Adds a client. */
export async function insertOAuthClient(sql: Sql, id: string, row: OAuthClientChanges, now: string): Promise<void> {
  const names = Object.keys(row);
  const places = names.map((_name, index) => `$${index + 3}`);
  await sql.query(
    `insert into auth.oauth_clients (id, created_at, updated_at, ${names.map(quoteIdentifier).join(', ')})
     values ($1, $2, $2, ${places.join(', ')})`,
    [id, now, ...Object.values(row)],
  );
}

/** Changes some columns of a client. */
export async function updateOAuthClient(sql: Sql, id: string, changes: OAuthClientChanges, now: string): Promise<void> {
  const assignments = Object.keys(changes).map((name, index) => `${quoteIdentifier(name)} = $${index + 3}`);
  await sql.query(
    `update auth.oauth_clients set ${['updated_at = $2', ...assignments].join(', ')} where id = $1 and deleted_at is null`,
    [id, now, ...Object.values(changes)],
  );
}

/** Ends a client with its sessions and consents. */
export async function deleteOAuthClient(sql: Sql, id: string, now: string): Promise<void> {
  await sql.query(statements.delete, [id, now]);
}
