import { randomUUID } from 'node:crypto';
import { asDatabaseError } from '#kernel/sql';
import { authError, invalid } from '../../errors.ts';
import type { Metadata } from '../../sql/rows.ts';
import {
  deleteSsoProvider,
  findSsoProvider,
  findSsoProviderByResource,
  insertSsoProvider,
  listSsoProviders,
  putSsoDomains,
  refreshSsoMetadata,
  type SsoProvider,
  type SsoProviderFields,
  updateSsoProvider,
} from '../../sql/sso.ts';
import type { BodyFields } from '../body-fields.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { millisecondsOf, wireTime } from '../instant.ts';
import type { WireObject } from '../user-view.ts';
import { isUuid } from '../uuid.ts';
import { readMapping } from './assertion.ts';
import { type IdpMetadata, parseMetadata } from './metadata.ts';

const nameIdFormats: ReadonlySet<string> = new Set(
  [
    '1.1:nameid-format:unspecified',
    '1.1:nameid-format:emailAddress',
    '2.0:nameid-format:persistent',
    '2.0:nameid-format:transient',
  ].map((format) => `urn:oasis:names:tc:SAML:${format}`),
);

/** Milliseconds after which metadata is asked for again, where there is an address to ask. */
const metadataLife = 86_400_000;
const mostDomains = 1_000;

/** A provider as administrators see it. @param full with the metadata itself, which lists leave out */
export function ssoProviderView({ saml, domains, ...provider }: SsoProvider, full: boolean): WireObject {
  return {
    id: provider.id,
    ...(provider.resource_id && { resource_id: provider.resource_id }),
    disabled: provider.disabled ?? false,
    saml: {
      entity_id: saml.entity_id,
      ...(full && { metadata_xml: saml.metadata_xml }),
      ...(saml.metadata_url && { metadata_url: saml.metadata_url }),
      ...(saml.attribute_mapping && { attribute_mapping: saml.attribute_mapping }),
      ...(saml.name_id_format && { name_id_format: saml.name_id_format }),
    },
    domains: domains.map(({ id, domain, created_at, updated_at }) => ({
      id,
      domain,
      created_at: wireTime(created_at),
      updated_at: wireTime(updated_at),
    })),
    created_at: wireTime(provider.created_at),
    updated_at: wireTime(provider.updated_at),
  };
}

/** All providers, or those of a resource id or its beginning. */
export async function listProviders(context: AuthContext, resourceId: string, prefix: string): Promise<WireObject> {
  const rows = await listSsoProviders(context.db, resourceId, prefix, context.settings.maxPageSize);
  return { items: rows.map((row) => ssoProviderView(row, false)) };
}

/** A provider by id, or by `resource_` and its resource id. @throws sso_provider_not_found */
export async function getProvider(context: AuthContext, name: string): Promise<SsoProvider> {
  const provider = name.startsWith('resource_')
    ? await findSsoProviderByResource(context.db, name.slice('resource_'.length))
    : isUuid(name)
      ? await findSsoProvider(context.db, name)
      : undefined;
  if (!provider) throw authError('sso_provider_not_found');
  return provider;
}

/** Adds a provider. @throws validation_failed, saml_idp_already_exists, sso_domain_already_exists, saml_metadata_fetch_failed */
export async function createProvider(context: AuthContext, fields: BodyFields): Promise<WireObject> {
  if (fields.text('type') !== 'saml') throw invalid('Only type saml is supported');
  const metadata = await readMetadata(context, fields);
  if (!metadata) throw invalid('Either metadata_xml or metadata_url must be set');
  const row: SsoProviderFields = {
    resourceId: fields.text('resource_id') || null,
    disabled: fields.flag('disabled'),
    entityId: metadata.idp.entityId,
    metadataXml: metadata.xml,
    metadataUrl: metadata.url,
    attributeMapping: readAttributeMapping(fields) ?? null,
    nameIdFormat: readNameIdFormat(fields) ?? null,
  };
  const id = randomUUID();
  const domains = readDomains(fields) ?? [];
  await storing(() =>
    context.db.transaction(async (sql) => {
      await insertSsoProvider(sql, id, row, nowOf(context));
      await putSsoDomains(sql, id, domains, nowOf(context));
    }),
  );
  return ssoProviderView(await getProvider(context, id), true);
}

/** Changes a provider; what is not named stays. @throws saml_entity_id_mismatch when the metadata is another one's */
export async function updateProvider(context: AuthContext, name: string, fields: BodyFields): Promise<WireObject> {
  const present = await getProvider(context, name);
  const { saml } = present;
  const metadata = await readMetadata(context, fields);
  if (metadata && metadata.idp.entityId !== saml.entity_id) throw authError('saml_entity_id_mismatch');
  const mapping = readAttributeMapping(fields);
  const format = readNameIdFormat(fields);
  const resourceId = fields.optionalText('resource_id');
  const row: SsoProviderFields = {
    resourceId: resourceId === undefined ? present.resource_id : resourceId || null,
    disabled: fields.flag('disabled', present.disabled ?? false),
    entityId: saml.entity_id,
    metadataXml: metadata?.xml ?? saml.metadata_xml,
    metadataUrl: metadata ? metadata.url : saml.metadata_url,
    attributeMapping: mapping ?? saml.attribute_mapping,
    nameIdFormat: format === undefined ? saml.name_id_format : format,
  };
  const domains = readDomains(fields);
  await storing(() =>
    context.db.transaction(async (sql) => {
      await updateSsoProvider(sql, present.id, row, nowOf(context));
      if (domains) await putSsoDomains(sql, present.id, domains, nowOf(context));
    }),
  );
  return ssoProviderView(await getProvider(context, present.id), true);
}

/** Removes a provider. @returns what it was */
export async function deleteProvider(context: AuthContext, name: string): Promise<WireObject> {
  const present = await getProvider(context, name);
  await deleteSsoProvider(context.db, present.id);
  return ssoProviderView(present, true);
}

/** A provider's metadata, asked for anew where it is old and has an address. What cannot be had leaves it as it is. */
export async function currentMetadata(context: AuthContext, provider: SsoProvider): Promise<IdpMetadata> {
  const { saml } = provider;
  const age = context.clock.now() - millisecondsOf(saml.updated_at);
  if (saml.metadata_url && age > metadataLife) {
    try {
      const xml = await fetchMetadata(context, saml.metadata_url);
      const idp = await parseMetadata(xml);
      if (idp.entityId !== saml.entity_id) throw authError('saml_entity_id_mismatch');
      await refreshSsoMetadata(context.db, provider.id, xml, nowOf(context));
      return idp;
    } catch (error) {
      context.log.warn(
        { err: error, provider: provider.id },
        'metadata of an identity provider could not be refreshed',
      );
    }
  }
  return parseMetadata(saml.metadata_xml);
}

async function storing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const constraint = asDatabaseError(error)?.constraint;
    if (constraint === 'saml_providers_entity_id_key') throw authError('saml_idp_already_exists');
    if (constraint === 'sso_domains_domain_idx') throw authError('sso_domain_already_exists');
    if (constraint === 'sso_providers_resource_id_idx') throw invalid('resource_id is in use');
    throw error;
  }
}

async function readMetadata(
  context: AuthContext,
  fields: BodyFields,
): Promise<{ idp: IdpMetadata; xml: string; url: string | null } | undefined> {
  const [given, url] = [fields.text('metadata_xml'), fields.text('metadata_url')];
  if (given !== '' && url !== '') throw invalid('Only one of metadata_xml or metadata_url needs to be set');
  if (given === '' && url === '') return undefined;
  if (url !== '' && (!url.startsWith('https://') || !URL.canParse(url)))
    throw invalid('metadata_url is not a HTTPS URL');
  const xml = url === '' ? given : await fetchMetadata(context, url);
  try {
    return { idp: await parseMetadata(xml), xml, url: url || null };
  } catch (error) {
    throw invalid(`SAML metadata cannot be used: ${(error as Error).message}`);
  }
}

async function fetchMetadata(context: AuthContext, url: string): Promise<string> {
  try {
    const answer = await context.egress.request(url, { timeout: context.settings.externalTimeout, redirects: 3 });
    if (answer.status !== 200) throw new Error(`HTTP status ${answer.status}`);
    return answer.body.toString('utf8');
  } catch (error) {
    throw authError('saml_metadata_fetch_failed', {
      message: `Unable to fetch metadata: ${(error as Error).message}`,
      cause: error,
    });
  }
}

function readAttributeMapping(fields: BodyFields): Metadata | undefined {
  const given = fields.object('attribute_mapping');
  if (!given) return undefined;
  try {
    return readMapping(given) as Metadata;
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function readNameIdFormat(fields: BodyFields): string | null | undefined {
  const format = fields.optionalText('name_id_format');
  if (format === undefined) return undefined;
  if (format !== '' && !nameIdFormats.has(format))
    throw invalid('name_id_format must be unspecified or one of the SAML formats');
  return format || null;
}

function readDomains(fields: BodyFields): readonly string[] | undefined {
  const given = fields.texts('domains');
  if (!given) return undefined;
  if (given.length > mostDomains) throw invalid(`domains must not exceed ${mostDomains} items`);
  const domains = [...new Set(given.map((domain) => domain.trim().toLowerCase()))];
  for (const domain of domains)
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain) || domain.length > 253)
      throw invalid(`Invalid domain ${JSON.stringify(domain)}`);
  return domains;
}
