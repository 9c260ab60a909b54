import { catalogueOf, defineErrors } from '#kernel/errors';

/**
 * What the HTTP side can answer with; the messages of `not_found` and `unavailable` are Supavisor's. `invalid` goes
 * with the fields.
 */
export const poolerErrors = catalogueOf({
  403: {
    forbidden: '',
  },
  404: {
    not_found: 'not found',
  },
  422: {
    invalid: 'Unprocessable Entity',
  },
  500: {
    internal: 'internal error',
  },
  503: {
    no_key: 'tenants with passwords of their own need VAULT_ENC_KEY, which is not set',
    unavailable: 'unhealthy',
  },
});

/** Builds one of them. */
export const poolerError = defineErrors(poolerErrors);

/** What a PostgreSQL client can be told, by SQLSTATE and text. Texts of XX000 are Supavisor's where it has them. */
export const wireErrors = {
  unknown_tenant: { code: 'XX000', message: 'Tenant or user not found' },
  bad_names: { code: 'XX000', message: 'Authentication error, reason: "Invalid format for user or db_name"' },
  bad_options: { code: '22023', message: 'the startup parameter "options" cannot be read' },
  wrong_password: { code: '28P01', message: 'password authentication failed for user' },
  channel_binding: { code: '08P01', message: 'SCRAM channel binding is not offered here' },
  malformed_authentication: { code: '08P01', message: 'protocol violation during authentication' },
  protocol_violation: { code: '08P01', message: 'protocol violation' },
  unsupported_protocol: { code: '0A000', message: 'unsupported frontend protocol: version 3.0 is spoken here' },
  not_allowed: { code: 'XX000', message: 'Address not in tenant allow_list: ' },
  tls_required: { code: 'XX000', message: 'SSL connection is required' },
  login_timeout: { code: '08006', message: 'connection failure during authentication' },
  lookup_failed: { code: '08006', message: 'connection failure during authentication: the database does not answer' },
  replication: {
    code: '0A000',
    message: 'replication connections are not possible in transaction mode',
    hint: 'Connect to the session port.',
  },
  too_many_clients: { code: 'XX000', message: 'Max client connections reached' },
  too_many_pools: { code: 'XX000', message: 'Max pools count reached' },
  checkout_timeout: { code: 'XX000', message: 'Unable to check out process from the pool due to timeout' },
  session_timeout: {
    code: 'XX000',
    message: 'MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size',
  },
  server_unreachable: { code: '08006', message: 'the pooler cannot connect to the database' },
  server_lost: { code: '08006', message: 'the connection to the database was lost' },
  sql_prepare: {
    code: 'XX000',
    message: 'Supavisor transaction mode only supports prepared statements using the Extended Query Protocol',
  },
  too_many_statements: { code: 'XX000', message: 'max prepared statements limit reached' },
  statements_too_large: { code: 'XX000', message: 'max prepared statements memory limit reached' },
  idle_timeout: { code: '57P05', message: 'terminating connection due to client idle timeout' },
  transaction_timeout: { code: '25P03', message: 'terminating connection due to idle-in-transaction timeout' },
  query_timeout: { code: '57014', message: 'canceling statement due to the query timeout of the pooler' },
  shutdown: { code: '57P01', message: 'terminating connection due to administrator command' },
} as const;

/** One of these as the end of a connection. @param detail what is added to the text, e.g. the role's name */
export function poolerFatal(
  name: keyof typeof wireErrors,
  detail = '',
): { readonly severity: 'FATAL'; readonly code: string; readonly message: string; readonly hint?: string } {
  const { code, message, ...rest } = wireErrors[name];
  return { severity: 'FATAL', code, message: message + detail, ...rest };
}
