import { quoteIdentifier } from '#kernel/sql';
import type { Sql } from './rows.ts';

/** A provider that administrators have added, as its row has it. */
export interface CustomProviderRow {
  readonly id: string;
  readonly provider_type: 'oauth2' | 'oidc';
  readonly identifier: string;
  readonly name: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly acceptable_client_ids: readonly string[];
  readonly scopes: readonly string[];
  readonly pkce_enabled: boolean;
  readonly attribute_mapping: Readonly<Record<string, unknown>>;
  readonly custom_claims_allowlist: readonly string[];
  readonly authorization_params: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  readonly email_optional: boolean;
  readonly issuer: string | null;
  readonly discovery_url: string | null;
  readonly skip_nonce_check: boolean;
  readonly authorization_url: string | null;
  readonly token_url: string | null;
  readonly userinfo_url: string | null;
  readonly jwks_uri: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Columns that administrators write. */
export type CustomProviderChanges = Partial<Omit<CustomProviderRow, 'id' | 'created_at' | 'updated_at'>>;

/** A provider to add. */
export type NewCustomProvider = CustomProviderChanges & Pick<CustomProviderRow, 'id'>;

const columns = `
  id, provider_type, identifier, name, client_id, client_secret, acceptable_client_ids, scopes, pkce_enabled,
  attribute_mapping, custom_claims_allowlist, authorization_params, enabled, email_optional, issuer, discovery_url,
  skip_nonce_check, authorization_url, token_url, userinfo_url, jwks_uri, created_at, updated_at`;

const rowOf = `select row_to_json(c) as provider from (select ${columns} from auth.custom_oauth_providers`;

const statements = {
  all: `${rowOf} where $1 = '' or provider_type = $1 order by created_at, id limit $2) c`,
  one: `${rowOf} where identifier = $1) c`,
  count: 'select count(*)::int as count from auth.custom_oauth_providers',
  // One registration at a time, so that the count that was seen is still right when the row goes in.
  lock: 'lock table auth.custom_oauth_providers in share row exclusive mode',
  delete: 'delete from auth.custom_oauth_providers where identifier = $1',
};

/** All providers, or those of a type. */
export async function listCustomProviders(sql: Sql, type: string, limit: number): Promise<CustomProviderRow[]> {
  const { rows } = await sql.query<{ provider: CustomProviderRow }>(statements.all, [type, limit]);
  return rows.map(({ provider }) => provider);
}

/** A provider by identifier. */
export async function getCustomProvider(sql: Sql, identifier: string): Promise<CustomProviderRow | undefined> {
  return (await sql.query<{ provider: CustomProviderRow }>(statements.one, [identifier])).rows[0]?.provider;
}

/** How many there are; until the transaction ends nobody else adds one. */
export async function countCustomProviders(sql: Sql): Promise<number> {
  await sql.query(statements.lock);
  return (await sql.query<{ count: number }>(statements.count)).rows[0]?.count ?? 0;
}

const stored = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? JSON.stringify(value) : value;

/** Adds a provider. */
export async function insertCustomProvider(sql: Sql, row: NewCustomProvider, now: string): Promise<void> {
  const names = Object.keys(row);
  const places = names.map((_name, index) => `$${index + 2}`);
  await sql.query(
    `insert into auth.custom_oauth_providers (created_at, updated_at, ${names.map(quoteIdentifier).join(', ')})
     values ($1, $1, ${places.join(', ')})`,
    [now, ...Object.values(row).map(stored)],
  );
}

/** Changes some columns of a provider; what was remembered of its discovery is forgotten. */
export async function updateCustomProvider(
  sql: Sql,
  identifier: string,
  changes: CustomProviderChanges,
  now: string,
): Promise<void> {
  const assignments = Object.keys(changes).map((name, index) => `${quoteIdentifier(name)} = $${index + 3}`);
  await sql.query(
    `update auth.custom_oauth_providers
     set ${['updated_at = $2', 'cached_discovery = null', 'discovery_cached_at = null', ...assignments].join(', ')}
     where identifier = $1`,
    [identifier, now, ...Object.values(changes).map(stored)],
  );
}

/** Removes a provider. @returns whether there was one */
export async function deleteCustomProvider(sql: Sql, identifier: string): Promise<boolean> {
  return (await sql.query(statements.delete, [identifier])).rowCount > 0;
}
