import type { RestSettings, RoleLimits } from '../settings.ts';
import type { QualifiedName } from './cache/model.ts';
import type { KeySettings } from './session/key-source.ts';
import { parseRolePath, type RolePath } from './session/role-path.ts';

/** How a transaction ends, and whether a client may say otherwise. */
export interface TransactionEnd {
  readonly commits: boolean;
  readonly allowsOverride: boolean;
}

/** What of the settings planning and answering depend on; replaced as a whole with the schema cache. */
export interface RestConfig {
  readonly schemas: readonly string[];
  readonly extraSearchPath: readonly string[];
  readonly anonRole: string | undefined;
  /** Undefined: no bound. */
  readonly maxRows: number | undefined;
  readonly aggregates: boolean;
  readonly planEnabled: boolean;
  readonly preRequest: QualifiedName | undefined;
  readonly rootSpec: QualifiedName | undefined;
  readonly transactionEnd: TransactionEnd;
  readonly hoistedSettings: readonly string[];
  readonly keys: KeySettings;
  /** Verified tokens remembered. */
  readonly jwtCacheEntries: number;
  readonly jwtAudience: string | undefined;
  readonly rolePath: RolePath;
  readonly openapiMode: 'follow-privileges' | 'ignore-privileges' | 'disabled';
  readonly openapiSecurity: boolean;
  readonly openapiProxyUri: string | undefined;
  readonly corsOrigins: readonly string[];
  readonly serverTiming: boolean;
  readonly traceHeader: string | undefined;
  readonly appSettings: readonly (readonly [name: string, value: string])[];
  readonly safeUpdate: boolean;
  /** False behind a pooler that hands every transaction to another session. */
  readonly preparedStatements: boolean;
  readonly logQuery: boolean;
  readonly maxDepth: number;
  /** Undefined: no bound, here and below. */
  readonly maxEmbedDepth: number | undefined;
  readonly maxUrlLength: number | undefined;
  readonly maxListLength: number | undefined;
  /** In the planner's unit. */
  readonly maxCost: number | undefined;
  /** Milliseconds a statement may take where neither role nor function says so. */
  readonly statementTimeout: number | undefined;
  /** Configurations of roles with bounds of their own. */
  readonly ofRoles: ReadonlyMap<string, RestConfig>;
}

/** Settings that the database may hold, without `pgrst.`; those of `app.settings` besides. */
export const storedNames = [
  'db_aggregates_enabled',
  'db_anon_role',
  'db_extra_search_path',
  'db_hoisted_tx_settings',
  'db_max_rows',
  'db_plan_enabled',
  'db_pre_request',
  'db_prepared_statements',
  'db_root_spec',
  'db_schema',
  'db_schemas',
  'db_tx_end',
  'jwt_aud',
  'jwt_cache_max_entries',
  'jwt_role_claim_key',
  'jwt_secret',
  'jwt_secret_is_base64',
  'log_query',
  'max_rows',
  'openapi_mode',
  'openapi_security_active',
  'openapi_server_proxy_uri',
  'pre_request',
  'role_claim_key',
  'root_spec',
  'secret_is_base64',
  'server_cors_allowed_origins',
  'server_timing_enabled',
  'server_trace_header',
] as const;

/**
 * Joins the settings with those given to the database role (`ALTER ROLE authenticator SET pgrst.db_schemas = …`), which
 * are stronger (PostgREST 14 docs, "In-Database Configuration").
 *
 * @param stored name without `pgrst.` → value
 * @throws Error naming the setting whose value makes no sense
 */
export function configFrom(settings: RestSettings, stored: ReadonlyMap<string, string>): RestConfig {
  const text = (name: string): string | undefined => stored.get(name) || undefined;
  const list = (name: string): readonly string[] | undefined => {
    const value = stored.get(name);
    return value === undefined ? undefined : splitList(value);
  };
  const flag = (name: string): boolean | undefined => booleanOf(name, text(name));
  const maxRows = numberOf('db_max_rows', text('db_max_rows') ?? text('max_rows')) ?? settings.maxRows;
  const ending = text('db_tx_end') ?? settings.txEnd;
  const config: RestConfig = {
    schemas: list('db_schemas') ?? list('db_schema') ?? settings.schemas,
    extraSearchPath: list('db_extra_search_path') ?? settings.extraSearchPath,
    anonRole: text('db_anon_role') ?? (settings.anonRole || undefined),
    maxRows: bound(maxRows),
    aggregates: flag('db_aggregates_enabled') ?? settings.aggregates,
    planEnabled: flag('db_plan_enabled') ?? settings.planEnabled,
    preRequest: functionName(text('db_pre_request') ?? text('pre_request') ?? settings.preRequest),
    rootSpec: functionName(text('db_root_spec') ?? text('root_spec') ?? settings.rootSpec),
    transactionEnd: transactionEnd(ending),
    hoistedSettings: list('db_hoisted_tx_settings') ?? settings.hoistedSettings,
    keys: {
      jwtSecret: text('jwt_secret') ?? settings.jwtSecret,
      jwtSecretIsBase64: flag('jwt_secret_is_base64') ?? flag('secret_is_base64') ?? settings.jwtSecretIsBase64,
      jwtJwks: settings.jwtJwks,
    },
    jwtCacheEntries: numberOf('jwt_cache_max_entries', text('jwt_cache_max_entries')) ?? settings.jwtCacheEntries,
    jwtAudience: audienceOf(text('jwt_aud') ?? settings.jwtAudience),
    rolePath: parseRolePath(text('jwt_role_claim_key') ?? text('role_claim_key') ?? settings.jwtRoleClaimKey),
    openapiMode: openapiModeOf(text('openapi_mode')) ?? settings.openapiMode,
    openapiSecurity: flag('openapi_security_active') ?? settings.openapiSecurity,
    openapiProxyUri: proxyUri(text('openapi_server_proxy_uri') ?? settings.openapiProxyUri),
    corsOrigins: list('server_cors_allowed_origins') ?? settings.corsOrigins,
    serverTiming: flag('server_timing_enabled') ?? settings.serverTiming,
    traceHeader: (text('server_trace_header') ?? settings.traceHeader)?.toLowerCase(),
    appSettings: appSettingsOf(settings, stored),
    safeUpdate: settings.safeUpdate,
    preparedStatements: flag('db_prepared_statements') ?? settings.preparedStatements,
    logQuery: flag('log_query') ?? settings.logQuery,
    maxDepth: settings.maxDepth,
    maxEmbedDepth: bound(settings.maxEmbedDepth),
    maxUrlLength: bound(settings.maxUrlLength),
    maxListLength: bound(settings.maxListLength),
    maxCost: bound(settings.maxCost),
    statementTimeout: bound(settings.statementTimeout),
    ofRoles: new Map(),
  };
  const ofRoles = [...settings.roleLimits].map(([role, limits]) => [role, withLimits(config, limits)] as const);
  return ofRoles.length === 0 ? config : { ...config, ofRoles: new Map(ofRoles) };
}

const bound = (value: number): number | undefined => (value === 0 ? undefined : value);

const withLimits = (config: RestConfig, { rows, cost, timeout }: RoleLimits): RestConfig => ({
  ...config,
  ...(rows !== undefined && { maxRows: bound(rows) }),
  ...(cost !== undefined && { maxCost: bound(cost) }),
  ...(timeout !== undefined && { statementTimeout: bound(timeout) }),
});

/** The configuration that counts for a role. */
export const configOf = (config: RestConfig, role: string): RestConfig => config.ofRoles.get(role) ?? config;

function transactionEnd(text: string): TransactionEnd {
  if (!/^(commit|rollback)(-allow-override)?$/.test(text))
    throw new Error('pgrst.db_tx_end must be commit or rollback, with or without -allow-override');
  return { commits: text.startsWith('commit'), allowsOverride: text.endsWith('-allow-override') };
}

/** With a colon an audience has to be a URI (RFC 7519, "StringOrURI"). */
function audienceOf(text: string | undefined): string | undefined {
  if (text === undefined || !text.includes(':') || URL.canParse(text)) return text;
  throw new Error('the audience of tokens must be a URI when it has a colon');
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function booleanOf(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  const word = value.toLowerCase();
  if (word === 'true' || word === 'on' || /^[1-9]\d*$/.test(word)) return true;
  if (word === 'false' || word === 'off' || word === '0') return false;
  throw new Error(`pgrst.${name} must be true or false`);
}

function numberOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new Error(`pgrst.${name} must be a whole number`);
  return Number(value);
}

function openapiModeOf(value: string | undefined): RestConfig['openapiMode'] | undefined {
  if (value === undefined || value === 'follow-privileges' || value === 'ignore-privileges' || value === 'disabled')
    return value;
  throw new Error('pgrst.openapi_mode must be follow-privileges, ignore-privileges or disabled');
}

function proxyUri(text: string | undefined): string | undefined {
  if (text === undefined || URL.canParse(text)) return text;
  throw new Error('the OpenAPI proxy URI must be a URL');
}

/** `schema.name`; without a schema the search path decides. */
export function functionName(text: string | undefined): QualifiedName | undefined {
  if (text === undefined) return undefined;
  const dot = text.indexOf('.');
  return dot < 0 ? { schema: '', name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}

const storedAppSetting = /^app[._]settings[._](.+)$/;

function appSettingsOf(settings: RestSettings, stored: ReadonlyMap<string, string>): [name: string, value: string][] {
  const found = new Map<string, string>();
  for (const [name, value] of settings.appSettings) found.set(`app.settings.${name.toLowerCase()}`, value);
  for (const [name, value] of stored) {
    const [, rest] = storedAppSetting.exec(name) ?? [];
    if (rest !== undefined) found.set(`app.settings.${rest.toLowerCase()}`, value);
  }
  return [...found];
}
