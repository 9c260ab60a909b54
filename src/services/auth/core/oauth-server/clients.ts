import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { authError, invalid } from '../../errors.ts';
import {
  deleteOAuthClient,
  findOAuthClient,
  insertOAuthClient,
  listOAuthClients,
  type OAuthClientChanges,
  type OAuthClientRow,
  updateOAuthClient,
} from '../../sql/oauth-clients.ts';
import type { BodyFields } from '../body-fields.ts';
import { equalInConstantTime } from '../constant-time.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { wireTime } from '../instant.ts';
import type { WireObject } from '../user-view.ts';
import { isUuid } from '../uuid.ts';
import { mostRedirectUris, redirectUriFault } from './redirect-uris.ts';

const grantTypes = ['authorization_code', 'refresh_token'];
const authMethods = ['client_secret_basic', 'client_secret_post', 'none'] as const;
type AuthMethod = (typeof authMethods)[number];

const filled = (entries: Readonly<Record<string, string | null | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, string] => Boolean(entry[1])));

/** A client as administrators see it. @param secret shown once, when it was made */
export function clientView(row: OAuthClientRow, secret?: string): WireObject {
  return {
    client_id: row.id,
    ...filled({ client_secret: secret }),
    client_type: row.client_type,
    redirect_uris: row.redirect_uris.split(','),
    token_endpoint_auth_method: row.token_endpoint_auth_method,
    grant_types: row.grant_types.split(','),
    response_types: ['code'],
    ...filled({ client_name: row.client_name, client_uri: row.client_uri, logo_uri: row.logo_uri }),
    registration_type: row.registration_type,
    created_at: wireTime(row.created_at),
    updated_at: wireTime(row.updated_at),
  };
}

/** A client as users see it who decide about it. */
export const clientCard = (row: OAuthClientRow): WireObject => ({
  id: row.id,
  name: row.client_name ?? '',
  uri: row.client_uri ?? '',
  logo_uri: row.logo_uri ?? '',
});

/** A secret with what is kept of it: it cannot be guessed, so its digest needs no salt. */
function newSecret(): { readonly secret: string; readonly hash: string } {
  const secret = randomBytes(32).toString('base64url');
  return { secret, hash: hashSecret(secret) };
}

const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Whether a secret is a client's. */
export const isSecretOf = (row: OAuthClientRow, secret: string): boolean =>
  row.client_secret_hash !== null && equalInConstantTime(hashSecret(secret), row.client_secret_hash);

/** A page of clients. */
export async function listClients(context: AuthContext, limit: number, offset: number) {
  const { clients, total } = await listOAuthClients(context.db, limit, offset);
  return { clients: clients.map((row) => clientView(row)), total };
}

/** One client. @throws oauth_client_not_found */
export async function getClient(context: AuthContext, id: string): Promise<OAuthClientRow> {
  const row = isUuid(id) ? await findOAuthClient(context.db, id) : undefined;
  if (!row) throw authError('oauth_client_not_found');
  return row;
}

/** Adds a client (RFC 7591 in part). @throws validation_failed */
export async function createClient(
  context: AuthContext,
  fields: BodyFields,
  registration: OAuthClientRow['registration_type'],
): Promise<WireObject> {
  const uris = fields.texts('redirect_uris') ?? [];
  const method = readMethod(fields);
  const id = randomUUID();
  const made = method === 'none' ? undefined : newSecret();
  const row: OAuthClientChanges = {
    ...readTexts(fields),
    registration_type: registration,
    redirect_uris: readRedirectUris(uris),
    grant_types: readGrantTypes(fields.texts('grant_types')),
    client_type: method === 'none' ? 'public' : 'confidential',
    token_endpoint_auth_method: method,
    client_secret_hash: made?.hash ?? null,
  };
  const responses = fields.texts('response_types');
  if (responses && (responses.length !== 1 || responses[0] !== 'code')) throw invalid('response_types must be [code]');
  await insertOAuthClient(context.db, id, row, nowOf(context));
  return clientView(await getClient(context, id), made?.secret);
}

/** Changes a client; what is not named stays, and so does whether it has a secret. */
export async function updateClient(context: AuthContext, id: string, fields: BodyFields): Promise<WireObject> {
  const row = await getClient(context, id);
  const uris = fields.texts('redirect_uris');
  const grants = fields.texts('grant_types');
  const method = fields.optionalText('token_endpoint_auth_method');
  if (method !== undefined && (method === 'none') !== (row.client_type === 'public'))
    throw invalid(`token_endpoint_auth_method ${method} does not fit a ${row.client_type} client`);
  const changes: OAuthClientChanges = {
    ...readTexts(fields),
    ...(uris && { redirect_uris: readRedirectUris(uris) }),
    ...(grants && { grant_types: readGrantTypes(grants) }),
    ...(method !== undefined && { token_endpoint_auth_method: asMethod(method) }),
  };
  await updateOAuthClient(context.db, id, changes, nowOf(context));
  return clientView(await getClient(context, id));
}

/** Gives a client another secret; the former one is void at once. @throws validation_failed for public clients */
export async function regenerateSecret(context: AuthContext, id: string): Promise<WireObject> {
  const row = await getClient(context, id);
  if (row.client_type === 'public') throw invalid('Public clients have no secret');
  const { secret, hash } = newSecret();
  await updateOAuthClient(context.db, id, { client_secret_hash: hash }, nowOf(context));
  return clientView(await getClient(context, id), secret);
}

/** Removes a client with its sessions and consents. */
export async function deleteClient(context: AuthContext, id: string): Promise<void> {
  await getClient(context, id);
  await deleteOAuthClient(context.db, id, nowOf(context));
}

function readTexts(fields: BodyFields): OAuthClientChanges {
  const changes: Record<string, string> = {};
  for (const [name, most] of [
    ['client_name', 1_024],
    ['client_uri', 2_048],
    ['logo_uri', 2_048],
  ] as const) {
    const text = fields.optionalText(name);
    if (text === undefined) continue;
    if (text.length > most) throw invalid(`${name} must have ${most} characters at most`);
    // Shown on the page where users decide, so nothing that runs may be behind them.
    if (name !== 'client_name' && text !== '' && !/^https?:\/\/[^\s\\]+$/.test(text))
      throw invalid(`${name} must be an http or https URL`);
    changes[name] = text;
  }
  return changes;
}

function readRedirectUris(uris: readonly string[]): string {
  if (uris.length === 0) throw invalid('redirect_uris is required');
  if (uris.length > mostRedirectUris) throw invalid(`redirect_uris must not exceed ${mostRedirectUris} items`);
  for (const uri of uris) {
    const fault = redirectUriFault(uri);
    if (fault) throw invalid(`Invalid redirect URI ${JSON.stringify(uri.slice(0, 200))}: it ${fault}`);
  }
  return [...new Set(uris)].join(',');
}

function readGrantTypes(given: readonly string[] | undefined): string {
  const types = given && given.length > 0 ? given : grantTypes;
  for (const type of types) if (!grantTypes.includes(type)) throw invalid(`Unsupported grant type ${type}`);
  return [...new Set(types)].join(',');
}

function asMethod(text: string): AuthMethod {
  const method = authMethods.find((known) => known === text);
  if (!method) throw invalid(`token_endpoint_auth_method must be one of ${authMethods.join(', ')}`);
  return method;
}

function readMethod(fields: BodyFields): AuthMethod {
  const type = fields.text('client_type');
  if (type !== '' && type !== 'public' && type !== 'confidential')
    throw invalid('client_type must be one of public, confidential');
  const text = fields.text('token_endpoint_auth_method') || (type === 'public' ? 'none' : 'client_secret_basic');
  const method = asMethod(text);
  if (type !== '' && (method === 'none') !== (type === 'public'))
    throw invalid(`token_endpoint_auth_method ${method} does not fit a ${type} client`);
  return method;
}
