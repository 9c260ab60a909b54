import type { RestSettings } from '../settings.ts';
import type { QualifiedName } from './cache/model.ts';
import type { RestConfig } from './config.ts';

const hidden = '••••••••';

/**
 * The configuration in force, in the form of PostgREST's configuration file: a line `name = value` for each setting.
 * Secrets are hidden.
 */
export function renderConfig(settings: RestSettings, config: RestConfig): string {
  const { transactionEnd: end } = config;
  const secret = (value: unknown): string => (value === undefined ? '' : hidden);
  const values: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> = {
    'admin-server-host': settings.adminHost ?? settings.serverHost ?? settings.bindAddress,
    'admin-server-port': settings.adminPort,
    'db-aggregates-enabled': config.aggregates,
    'db-anon-role': config.anonRole ?? '',
    'db-channel': settings.channel,
    'db-channel-enabled': settings.channelEnabled,
    'db-config': settings.dbConfig,
    'db-extra-search-path': config.extraSearchPath,
    'db-hoisted-tx-settings': config.hoistedSettings,
    'db-max-rows': config.maxRows,
    'db-plan-enabled': config.planEnabled,
    'db-pool': settings.pool,
    'db-pool-acquisition-timeout': seconds(settings.poolTimeout),
    'db-pool-automatic-recovery': settings.poolRecovery,
    'db-pool-max-idletime': seconds(settings.poolIdleTime),
    'db-pool-max-lifetime': seconds(settings.poolLifetime),
    'db-pre-config': settings.preConfig ?? '',
    'db-pre-request': nameOf(config.preRequest),
    'db-prepared-statements': config.preparedStatements,
    'db-root-spec': nameOf(config.rootSpec),
    'db-schemas': config.schemas,
    'db-tx-end': `${end.commits ? 'commit' : 'rollback'}${end.allowsOverride ? '-allow-override' : ''}`,
    'db-uri': secret(settings.dbUri),
    'jwt-aud': config.jwtAudience ?? '',
    'jwt-cache-max-entries': config.jwtCacheEntries,
    'jwt-secret': secret(config.keys.jwtSecret),
    'jwt-secret-is-base64': config.keys.jwtSecretIsBase64,
    'log-level': settings.accessLogLevel,
    'log-query': config.logQuery,
    'openapi-mode': config.openapiMode,
    'openapi-security-active': config.openapiSecurity,
    'openapi-server-proxy-uri': config.openapiProxyUri ?? '',
    'server-cors-allowed-origins': config.corsOrigins,
    'server-host': settings.serverHost ?? settings.bindAddress,
    'server-timing-enabled': config.serverTiming,
    'server-trace-header': config.traceHeader ?? '',
    ...Object.fromEntries(config.appSettings.map(([name]) => [name, hidden])),
  };
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} = ${shown(value as string)}\n`)
    .join('');
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1_000);

const nameOf = (name: QualifiedName | undefined): string =>
  name === undefined ? '' : [name.schema, name.name].filter((part) => part !== '').join('.');

function shown(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(typeof value === 'string' ? value : value.join(','));
}
