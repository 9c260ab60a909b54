import type { RestSettings } from '../settings.ts';
import type { QualifiedName } from './cache/model.ts';
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
  readonly maxDepth: number;
}

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
  return {
    schemas: list('db_schemas') ?? list('db_schema') ?? settings.schemas,
    extraSearchPath: list('db_extra_search_path') ?? settings.extraSearchPath,
    anonRole: text('db_anon_role') ?? settings.anonRole,
    maxRows: maxRows === 0 ? undefined : maxRows,
    aggregates: flag('db_aggregates_enabled') ?? settings.aggregates,
    planEnabled: flag('db_plan_enabled') ?? settings.planEnabled,
    preRequest: functionName(text('db_pre_request') ?? text('pre_request') ?? settings.preRequest),
    rootSpec: functionName(text('db_root_spec') ?? text('root_spec') ?? settings.rootSpec),
    transactionEnd: { commits: ending.startsWith('commit'), allowsOverride: ending.endsWith('-allow-override') },
    hoistedSettings: list('db_hoisted_tx_settings') ?? settings.hoistedSettings,
    jwtAudience: text('jwt_aud') ?? settings.jwtAudience,
    rolePath: parseRolePath(text('jwt_role_claim_key') ?? settings.jwtRoleClaimKey),
    openapiMode: openapiModeOf(text('openapi_mode')) ?? settings.openapiMode,
    openapiSecurity: flag('openapi_security_active') ?? settings.openapiSecurity,
    openapiProxyUri: proxyUri(text('openapi_server_proxy_uri') ?? settings.openapiProxyUri),
    corsOrigins: list('server_cors_allowed_origins') ?? settings.corsOrigins,
    serverTiming: flag('server_timing_enabled') ?? settings.serverTiming,
    traceHeader: (text('server_trace_header') ?? settings.traceHeader)?.toLowerCase(),
    appSettings: appSettingsOf(settings, stored),
    safeUpdate: settings.safeUpdate,
    maxDepth: settings.maxDepth,
  };
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
function functionName(text: string | undefined): QualifiedName | undefined {
  if (text === undefined) return undefined;
  const dot = text.indexOf('.');
  return dot < 0 ? { schema: '', name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}

function appSettingsOf(settings: RestSettings, stored: ReadonlyMap<string, string>): [name: string, value: string][] {
  const found = new Map<string, string>();
  if (settings.appJwtSecret !== undefined) found.set('app.settings.jwt_secret', settings.appJwtSecret);
  if (settings.appJwtExpiry !== undefined) found.set('app.settings.jwt_exp', settings.appJwtExpiry);
  for (const [name, value] of stored)
    if (name.startsWith('app_settings_')) found.set(`app.settings.${name.slice('app_settings_'.length)}`, value);
  return [...found];
}
