import { quoteIdentifier } from '#kernel/sql';
import type { Step } from '../step.ts';

/** Server parameters that `postgres` may set although it is no superuser. The first one is what restores need. */
const parameters = [
  'session_replication_role',
  'log_min_messages',
  'log_min_duration_statement',
  'log_statement',
  'track_io_timing',
  'track_functions',
  'auto_explain.log_analyze',
  'auto_explain.log_buffers',
  'auto_explain.log_format',
  'auto_explain.log_min_duration',
  'auto_explain.log_nested_statements',
  'auto_explain.log_settings',
  'auto_explain.log_timing',
  'auto_explain.log_triggers',
  'auto_explain.log_verbose',
  'auto_explain.log_wal',
  'auto_explain.sample_rate',
  'pgaudit.log',
  'pgaudit.log_catalog',
  'pgaudit.log_client',
  'pgaudit.log_level',
  'pgaudit.log_parameter',
  'pgaudit.log_relation',
  'pgaudit.log_rows',
  'pgaudit.log_statement',
  'pgaudit.log_statement_once',
  'pgaudit.role',
  'pg_net.batch_size',
  'pg_net.ttl',
  'pg_stat_statements.max',
  'pg_stat_statements.track',
  'pg_stat_statements.track_utility',
  'plan_filter.limit_select_only',
  'plan_filter.module_loaded',
  'plan_filter.statement_cost_limit',
  'safeupdate.enabled',
  // PostgREST reads these from the settings of its login role ("In-database configuration").
  'pgrst.app_settings.jwt_exp',
  'pgrst.app_settings.jwt_secret',
  'pgrst.client_error_verbosity',
  'pgrst.db_aggregates_enabled',
  'pgrst.db_anon_role',
  'pgrst.db_extra_search_path',
  'pgrst.db_hoisted_tx_settings',
  'pgrst.db_max_rows',
  'pgrst.db_plan_enabled',
  'pgrst.db_pre_request',
  'pgrst.db_prepared_statements',
  'pgrst.db_root_spec',
  'pgrst.db_schema',
  'pgrst.db_schemas',
  'pgrst.db_timezone_enabled',
  'pgrst.db_tx_end',
  'pgrst.jwt_aud',
  'pgrst.jwt_cache_max_lifetime',
  'pgrst.jwt_role_claim_key',
  'pgrst.jwt_secret',
  'pgrst.jwt_secret_is_base64',
  'pgrst.log_level',
  'pgrst.openapi_mode',
  'pgrst.openapi_security_active',
  'pgrst.openapi_server_proxy_uri',
  'pgrst.server_cors_allowed_origins',
  'pgrst.server_timing_enabled',
  'pgrst.server_trace_header',
] as const;

/** Lets `postgres` set the parameters a Supabase project owner can set. */
export const parameterSteps: readonly Step[] = [
  {
    version: 'parameters/postgres',
    // Grants belong to the whole server. The official images do it with a server library instead.
    unless: `has_parameter_privilege(to_regrole('postgres')::oid, 'session_replication_role', 'set')
      or current_setting('supautils.privileged_extensions', true) is not null`,
    sql: () => `grant set on parameter ${parameters.map(parameterName).join(', ')} to postgres`,
  },
];

function parameterName(name: string): string {
  return name.split('.').map(quoteIdentifier).join('.');
}
