import type { Metadata, Sql } from './rows.ts';

/** A domain of addresses whose owners sign in by a provider. */
export interface SsoDomainRow {
  readonly id: string;
  readonly domain: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A provider of single sign-on with its SAML half and domains. */
export interface SsoProvider {
  readonly id: string;
  readonly resource_id: string | null;
  readonly disabled: boolean | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly saml: {
    readonly entity_id: string;
    readonly metadata_xml: string;
    readonly metadata_url: string | null;
    readonly attribute_mapping: Metadata | null;
    readonly name_id_format: string | null;
    readonly updated_at: string;
  };
  readonly domains: readonly SsoDomainRow[];
}

/** What a provider is made or changed with. */
export interface SsoProviderFields {
  readonly resourceId: string | null;
  readonly disabled: boolean;
  readonly entityId: string;
  readonly metadataXml: string;
  readonly metadataUrl: string | null;
  readonly attributeMapping: Metadata | null;
  readonly nameIdFormat: string | null;
}

const providerJson = `
  json_build_object('id', p.id, 'resource_id', p.resource_id, 'disabled', p.disabled,
    'created_at', p.created_at, 'updated_at', p.updated_at,
    'saml', (select row_to_json(s) from auth.saml_providers s where s.sso_provider_id = p.id limit 1),
    'domains', (select coalesce(json_agg(row_to_json(d) order by d.domain), '[]')
      from auth.sso_domains d where d.sso_provider_id = p.id)) as provider`;
const one = (where: string): string => `
  select ${providerJson} from auth.sso_providers p
  where exists (select from auth.saml_providers s where s.sso_provider_id = p.id) and ${where}`;

const statements = {
  all: `${one(`($1 = '' or lower(p.resource_id) = lower($1))
    and ($2 = '' or starts_with(lower(p.resource_id), lower($2)))`)} order by p.created_at, p.id limit $3`,
  byId: one('p.id = $1'),
  byResource: one('lower(p.resource_id) = lower($1)'),
  byDomain: one('p.id in (select sso_provider_id from auth.sso_domains where lower(domain) = lower($1))'),
  byEntity: one('p.id in (select sso_provider_id from auth.saml_providers where entity_id = $1)'),
  insert: `
    with provider as (
      insert into auth.sso_providers (id, resource_id, disabled, created_at, updated_at) values ($1, $2, $3, $4, $4)
      returning id
    )
    insert into auth.saml_providers (id, sso_provider_id, entity_id, metadata_xml, metadata_url, attribute_mapping,
      name_id_format, created_at, updated_at)
    select gen_random_uuid(), id, $5, $6, $7, $8, $9, $4, $4 from provider`,
  update: `
    with provider as (
      update auth.sso_providers set resource_id = $2, disabled = $3, updated_at = $4 where id = $1
    )
    update auth.saml_providers set metadata_xml = $5, metadata_url = $6, attribute_mapping = $7, name_id_format = $8,
      updated_at = $4 where sso_provider_id = $1`,
  metadata: 'update auth.saml_providers set metadata_xml = $2, updated_at = $3 where sso_provider_id = $1',
  dropDomains: 'delete from auth.sso_domains where sso_provider_id = $1 and not (lower(domain) = any ($2))',
  addDomains: `
    insert into auth.sso_domains (id, sso_provider_id, domain, created_at, updated_at)
    select gen_random_uuid(), $1, given.name, $3, $3 from unnest($2::text[]) as given (name)
    where not exists (select from auth.sso_domains d where d.sso_provider_id = $1 and lower(d.domain) = given.name)`,
  delete: 'delete from auth.sso_providers where id = $1',
  insertRelay: `
    insert into auth.saml_relay_states (id, sso_provider_id, request_id, redirect_to, flow_state_id, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $6)`,
  takeRelay: `
    delete from auth.saml_relay_states where id = $1
    returning sso_provider_id, request_id, redirect_to, flow_state_id, to_json(created_at) as created_at`,
};

async function first(sql: Sql, text: string, values: readonly unknown[]): Promise<SsoProvider | undefined> {
  return (await sql.query<{ provider: SsoProvider }>(text, values)).rows[0]?.provider;
}

/** Providers, all or by resource id or its beginning. */
export async function listSsoProviders(
  sql: Sql,
  resourceId: string,
  prefix: string,
  limit: number,
): Promise<SsoProvider[]> {
  const { rows } = await sql.query<{ provider: SsoProvider }>(statements.all, [resourceId, prefix, limit]);
  return rows.map(({ provider }) => provider);
}

/** A provider by id. */
export const findSsoProvider = (sql: Sql, id: string) => first(sql, statements.byId, [id]);

/** A provider by the name an operator gave it. */
export const findSsoProviderByResource = (sql: Sql, id: string) => first(sql, statements.byResource, [id]);

/** The provider of a domain. */
export const findSsoProviderByDomain = (sql: Sql, domain: string) => first(sql, statements.byDomain, [domain]);

/** The provider of an entity. */
export const findSsoProviderByEntity = (sql: Sql, entityId: string) => first(sql, statements.byEntity, [entityId]);

const json = (value: Metadata | null): string | null => (value === null ? null : JSON.stringify(value));

/** Adds a provider. */
export async function insertSsoProvider(sql: Sql, id: string, fields: SsoProviderFields, now: string): Promise<void> {
  await sql.query(statements.insert, [
    id,
    fields.resourceId,
    fields.disabled,
    now,
    fields.entityId,
    fields.metadataXml,
    fields.metadataUrl,
    json(fields.attributeMapping),
    fields.nameIdFormat,
  ]);
}

/** Changes a provider. Its entity stays. */
export async function updateSsoProvider(sql: Sql, id: string, fields: SsoProviderFields, now: string): Promise<void> {
  await sql.query(statements.update, [
    id,
    fields.resourceId,
    fields.disabled,
    now,
    fields.metadataXml,
    fields.metadataUrl,
    json(fields.attributeMapping),
    fields.nameIdFormat,
  ]);
}

/** Replaces a provider's metadata by what its address says now. */
export async function refreshSsoMetadata(sql: Sql, id: string, xml: string, now: string): Promise<void> {
  await sql.query(statements.metadata, [id, xml, now]);
}

/** Makes some domains, lower case, all the domains of a provider. */
export async function putSsoDomains(sql: Sql, id: string, domains: readonly string[], now: string): Promise<void> {
  await sql.query(statements.dropDomains, [id, domains]);
  await sql.query(statements.addDomains, [id, domains, now]);
}

/** Removes a provider with its domains. */
export async function deleteSsoProvider(sql: Sql, id: string): Promise<void> {
  await sql.query(statements.delete, [id]);
}

/** A request to an identity provider that waits for its answer. */
export interface RelayState {
  readonly sso_provider_id: string;
  readonly request_id: string;
  readonly redirect_to: string | null;
  readonly flow_state_id: string | null;
  readonly created_at: string;
}

/** Notes a request. */
export async function insertRelayState(
  sql: Sql,
  id: string,
  relay: Omit<RelayState, 'created_at'>,
  now: string,
): Promise<void> {
  const { sso_provider_id, request_id, redirect_to, flow_state_id } = relay;
  await sql.query(statements.insertRelay, [id, sso_provider_id, request_id, redirect_to, flow_state_id, now]);
}

/** Takes a request out again; it is there once. */
export async function takeRelayState(sql: Sql, id: string): Promise<RelayState | undefined> {
  return (await sql.query<RelayState>(statements.takeRelay, [id])).rows[0];
}
