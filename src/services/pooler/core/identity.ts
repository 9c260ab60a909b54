import { isTrue, parseOptions } from './startup-options.ts';

/** Who a client says it is and what it wants, from its StartupMessage. */
export interface Identity {
  /** The database role, without the tenant. */
  readonly role: string;
  readonly database: string;
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

/**
 * Finds role, tenant and database. Sources of the tenant in this order: `options=reference=TENANT`, the user name's part
 * behind its last dot (`role.cluster.TENANT` too), the first label of the TLS server name. None of them is needed, since
 * only one project is served; a wrong one is an error.
 */
export function identify(
  parameters: ReadonlyMap<string, string>,
  tenantId: string,
  defaultDatabase: string,
  serverName: string | undefined,
): Identity | IdentityProblem {
  const { user = '', database, replication, options, ...rest } = Object.fromEntries(parameters);
  const given = parseOptions(options ?? '');
  if (!given) return 'bad-options';
  const named = splitUser(user, given.reference, tenantId);
  if (named === undefined) return 'unknown-tenant';
  const replicates = replication !== undefined && (replication === 'database' || isTrue(replication));
  const wanted = database || defaultDatabase;
  if (!isName(named.role) || !isName(wanted)) return 'bad-format';
  const settings = new Map(given.settings);
  for (const [name, value] of Object.entries(rest)) if (!name.startsWith('_pq_.')) settings.set(name, value);
  const hasTenant = named.hasTenant || serverName?.split('.')[0] === tenantId;
  return { role: named.role, database: wanted, hasTenant, replication: replicates, settings };
}

function splitUser(
  user: string,
  reference: string | undefined,
  tenantId: string,
): { readonly role: string; readonly hasTenant: boolean } | undefined {
  if (reference !== undefined) {
    if (reference !== tenantId) return undefined;
    return { role: withoutSuffix(user, `.${tenantId}`), hasTenant: true };
  }
  // The whole tenant is compared: it may hold dots itself.
  if (user.endsWith(`.cluster.${tenantId}`))
    return { role: withoutSuffix(user, `.cluster.${tenantId}`), hasTenant: true };
  if (user.endsWith(`.${tenantId}`)) return { role: withoutSuffix(user, `.${tenantId}`), hasTenant: true };
  return user.includes('.') ? undefined : { role: user, hasTenant: false };
}

const withoutSuffix = (text: string, suffix: string): string =>
  text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;

// Control characters have no place in a name and would end up in logs.
function isName(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text !== '' && Buffer.byteLength(text) <= longestName && !/[\x00-\x1f\x7f\ufffd]/.test(text);
}
