import { isTrue, parseOptions } from './startup-options.ts';

/** Who a client says it is and what it wants, from its StartupMessage. */
export interface Identity {
  /** The database role, without the tenant. */
  readonly role: string;
  readonly database: string;
  /** Who serves it, by a name of `TenantNames`. */
  readonly tenant: string;
  /** It named the tenant, in whatever way. */
  readonly hasTenant: boolean;
  readonly replication: boolean;
  /** All other parameters, those of `options` among them, as settings of the session. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Why an identity is none. */
export type IdentityProblem = 'unknown-tenant' | 'bad-format' | 'bad-options';

/** Bytes of a role or database name at most (PostgreSQL's NAMEDATALEN less its end). */
const longestName = 63;

/** The names that tenants are found by: their ids, and `cluster.ALIAS`. */
export interface TenantNames {
  /** The tenant of clients that name none. */
  readonly own: string;
  has(name: string): boolean;
  /** The tenant with this `sni_hostname`. */
  ofServerName(serverName: string): string | undefined;
  /** Database of clients that name none. */
  databaseOf(name: string): string;
}

/**
 * Finds role, tenant and database. Sources of the tenant in this order: `options=reference=TENANT`, the user name's part
 * behind a dot (`role.TENANT`, `role.cluster.ALIAS`), the TLS server name or its first label. None of them is needed; a wrong
 * one is an error.
 */
export function identify(
  parameters: ReadonlyMap<string, string>,
  names: TenantNames,
  serverName: string | undefined,
): Identity | IdentityProblem {
  const { user = '', database, replication, options, ...rest } = Object.fromEntries(parameters);
  const given = parseOptions(options ?? '');
  if (!given) return 'bad-options';
  const named = splitUser(user, given.reference, names, serverName);
  if (named === undefined) return 'unknown-tenant';
  const { role, tenant } = named;
  const replicates = replication !== undefined && (replication === 'database' || isTrue(replication));
  const wanted = database || names.databaseOf(tenant ?? names.own);
  if (!isName(role) || !isName(wanted)) return 'bad-format';
  const settings = new Map(given.settings);
  for (const [name, value] of Object.entries(rest)) if (!name.startsWith('_pq_.')) settings.set(name, value);
  return {
    role,
    database: wanted,
    tenant: tenant ?? names.own,
    hasTenant: tenant !== undefined,
    replication: replicates,
    settings,
  };
}

function splitUser(
  user: string,
  reference: string | undefined,
  names: TenantNames,
  serverName: string | undefined,
): { readonly role: string; readonly tenant?: string | undefined } | undefined {
  if (reference !== undefined)
    return names.has(reference) ? { role: withoutSuffix(user, `.${reference}`), tenant: reference } : undefined;
  // The longest name first: a tenant may hold dots itself.
  for (let at = user.indexOf('.'); at >= 0; at = user.indexOf('.', at + 1)) {
    const name = user.slice(at + 1);
    if (names.has(name)) return { role: user.slice(0, at), tenant: name };
    const tenant = name.startsWith('cluster.') ? name.slice('cluster.'.length) : undefined;
    if (tenant !== undefined && names.has(tenant)) return { role: user.slice(0, at), tenant };
  }
  if (user.includes('.')) return undefined;
  return { role: user, tenant: serverName === undefined ? undefined : tenantOfServerName(serverName, names) };
}

function tenantOfServerName(serverName: string, names: TenantNames): string | undefined {
  const found = names.ofServerName(serverName);
  const label = serverName.split('.')[0] ?? '';
  return found ?? (names.has(label) ? label : undefined);
}

const withoutSuffix = (text: string, suffix: string): string =>
  text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;

// Control characters have no place in a name and would end up in logs.
function isName(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text !== '' && Buffer.byteLength(text) <= longestName && !/[\x00-\x1f\x7f\ufffd]/.test(text);
}
