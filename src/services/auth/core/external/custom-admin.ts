import { randomUUID } from 'node:crypto';
import { EgressError } from '#kernel/egress';
import { asDatabaseError } from '#kernel/sql';
import { authError, invalid } from '../../errors.ts';
import {
  type CustomProviderChanges,
  type CustomProviderRow,
  countCustomProviders,
  deleteCustomProvider,
  getCustomProvider,
  insertCustomProvider,
  listCustomProviders,
  updateCustomProvider,
} from '../../sql/custom-providers.ts';
import type { BodyFields } from '../body-fields.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { wireTime } from '../instant.ts';
import type { WireObject } from '../user-view.ts';
import { reservedParameters } from './authorize.ts';

/** Claims that a mapping may not set: they say who somebody is to others than the provider. */
const protectedTargets: ReadonlySet<string> = new Set([
  'id',
  'iss',
  'aud',
  'exp',
  'iat',
  'nbf',
  'role',
  'provider',
  'providers',
  'provider_id',
  'app_metadata',
  'raw_app_meta_data',
  'user_metadata',
  'is_super_admin',
  'is_anonymous',
  'custom_claims',
  'phone_verified',
]);

const texts = ['name', 'client_id', 'client_secret'] as const;
const urls = ['issuer', 'discovery_url', 'authorization_url', 'token_url', 'userinfo_url', 'jwks_uri'] as const;
const lists = ['acceptable_client_ids', 'scopes', 'custom_claims_allowlist'] as const;
const flags = ['pkce_enabled', 'enabled', 'email_optional', 'skip_nonce_check'] as const;
const objects = ['attribute_mapping', 'authorization_params'] as const;

/** A provider as administrators see it: everything but the secret. */
export function customProviderView(row: CustomProviderRow): WireObject {
  const { client_secret: _secret, created_at, updated_at, ...shown } = row;
  return { ...shown, created_at: wireTime(created_at), updated_at: wireTime(updated_at) };
}

/** All providers, or those of a type. */
export async function listCustom(context: AuthContext, type: string): Promise<WireObject> {
  if (type !== '' && type !== 'oauth2' && type !== 'oidc') throw invalid('type must be one of oauth2, oidc');
  const rows = await listCustomProviders(context.db, type, context.settings.maxPageSize);
  return { providers: rows.map(customProviderView) };
}

/** One provider. @throws custom_provider_not_found */
export async function getCustom(context: AuthContext, identifier: string): Promise<CustomProviderRow> {
  const row = await getCustomProvider(context.db, identifier);
  if (!row) throw authError('custom_provider_not_found');
  return row;
}

/** Adds a provider. @throws validation_failed, conflict, over_custom_provider_quota */
export async function createCustom(context: AuthContext, fields: BodyFields): Promise<WireObject> {
  const type = fields.text('provider_type');
  if (type !== 'oauth2' && type !== 'oidc') throw invalid('provider_type must be one of oauth2, oidc');
  const identifier = fields.text('identifier');
  if (!/^custom:[a-z0-9][a-z0-9:-]*[a-z0-9]$/.test(identifier) || identifier.length > 50)
    throw invalid('identifier must be custom: followed by lower-case letters, digits, dashes and colons, 50 at most');
  const changes = { ...readChanges(fields), provider_type: type, identifier } as const;
  for (const name of texts) if (!changes[name]) throw invalid(`${name} is required`);
  await assertUsable(context, changes);
  const id = randomUUID();
  try {
    await context.db.transaction(async (sql) => {
      const most = context.settings.customOauthMax;
      if (most > 0 && (await countCustomProviders(sql)) >= most) throw authError('over_custom_provider_quota');
      await insertCustomProvider(sql, { ...sealed(context, id, changes), id }, nowOf(context));
    });
  } catch (error) {
    if (asDatabaseError(error)?.code !== '23505') throw error;
    throw authError('conflict', { status: 400, message: 'A custom provider with this identifier already exists' });
  }
  return customProviderView(await getCustom(context, identifier));
}

/** Changes a provider; what is not named stays. Type and identifier never change. */
export async function updateCustom(context: AuthContext, identifier: string, fields: BodyFields): Promise<WireObject> {
  const row = await getCustom(context, identifier);
  const changes = readChanges(fields);
  for (const name of texts) if (changes[name] === '') throw invalid(`${name} must not be empty`);
  await assertUsable(context, { ...row, ...changes });
  await updateCustomProvider(context.db, identifier, sealed(context, row.id, changes), nowOf(context));
  return customProviderView(await getCustom(context, identifier));
}

// The secret alone is encrypted.
const sealed = ({ columns }: AuthContext, id: string, changes: CustomProviderChanges): CustomProviderChanges =>
  changes.client_secret === undefined
    ? changes
    : { ...changes, client_secret: columns.seal(id, changes.client_secret) };

/** Removes a provider. @throws custom_provider_not_found */
export async function deleteCustom(context: AuthContext, identifier: string): Promise<void> {
  if (!(await deleteCustomProvider(context.db, identifier))) throw authError('custom_provider_not_found');
}

function readChanges(fields: BodyFields): CustomProviderChanges {
  const given: Record<string, unknown> = {};
  const put = (name: string, value: unknown): void => {
    if (value !== undefined) given[name] = value;
  };
  for (const name of texts) put(name, fields.optionalText(name));
  for (const name of urls) {
    const text = fields.optionalText(name);
    put(name, text === '' ? null : text);
  }
  for (const name of lists) put(name, fields.texts(name));
  for (const name of flags) put(name, fields.optionalFlag(name));
  for (const name of objects) put(name, fields.object(name));
  return given as CustomProviderChanges;
}

async function assertUsable(context: AuthContext, row: CustomProviderChanges): Promise<void> {
  if ((row.name ?? '').length > 100) throw invalid('name must have 100 characters at most');
  if ((row.client_id ?? '').length > 512) throw invalid('client_id must have 512 characters at most');
  for (const name of Object.keys(row.authorization_params ?? {}))
    if (reservedParameters.has(name.toLowerCase())) throw invalid(`authorization_params must not contain ${name}`);
  for (const target of Object.keys(row.attribute_mapping ?? {}))
    if (protectedTargets.has(target.toLowerCase())) throw invalid(`attribute_mapping must not set ${target}`);
  const needed =
    row.provider_type === 'oidc'
      ? (['issuer'] as const)
      : (['authorization_url', 'token_url', 'userinfo_url'] as const);
  for (const name of needed) if (!row[name]) throw invalid(`${name} is required for ${row.provider_type} providers`);
  await Promise.all(urls.map((name) => assertUrl(context, name, row[name])));
  if (row.provider_type === 'oidc') await assertDiscoverable(context, row.issuer ?? '', row.discovery_url);
}

async function assertUrl(context: AuthContext, name: string, url: string | null | undefined): Promise<void> {
  if (!url) return;
  if (url.length > 2_048) throw invalid(`${name} must have 2048 characters at most`);
  if (!/^https:\/\/[^\s\\]+$/.test(url) || !URL.canParse(url)) throw invalid(`${name} must be an https URL`);
  try {
    await context.egress.check(url);
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    throw invalid(`${name} must be reachable on the public internet: ${error.message}`);
  }
}

async function assertDiscoverable(context: AuthContext, issuer: string, url: string | null | undefined): Promise<void> {
  try {
    const found = await context.oidc.discover(issuer, false, url || undefined);
    const endpoints = {
      authorization_endpoint: found.authorizationEndpoint,
      token_endpoint: found.tokenEndpoint,
      jwks_uri: found.jwksUri,
    };
    for (const [name, value] of Object.entries(endpoints))
      if (!value.startsWith('https://')) throw new Error(`the document has no usable ${name}`);
  } catch (error) {
    throw invalid(`OIDC discovery failed: ${(error as Error).message}`);
  }
}
