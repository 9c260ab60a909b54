import type { Logger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import type { Cluster } from '../core/cluster-body.ts';
import { createSecretSource } from '../core/secret-source.ts';
import { createStoredSecrets } from '../core/stored-secrets.ts';
import type { TenantRecord } from '../core/tenant-body.ts';
import type { PoolerSettings } from '../settings.ts';
import { createAuthQuery } from '../sql/auth-query.ts';
import { createReplicaWatch, type ReplicaChange } from '../sql/replica-watch.ts';
import type { ServerAddress } from './server-login.ts';
import type { TenantPlan } from './tenant-plan.ts';
import type { TenantOffer } from './tenants.ts';

/** What all offers are made with. */
export interface OfferParts {
  readonly settings: PoolerSettings;
  readonly log: Logger;
  /** The program's own server, as the manager of the tenant that the settings make. */
  readonly server: () => ConnectionOptions;
  /** Its replicas, and the name of the setting that says so. */
  readonly readHosts: readonly (() => ConnectionOptions)[];
  readonly now: () => number;
}

const rolesRemembered = 10_000;

/** The tenant of the settings, as they are. */
export function ownOffer(record: TenantRecord, parts: OfferParts): TenantOffer {
  return {
    fingerprint: '',
    database: record.tenant.db_database,
    serverName: undefined,
    plan: () =>
      planOf(record.tenant.external_id, record, parts.server, parts.server().password, parts.readHosts, parts),
  };
}

/** A tenant that was put. @param ownId the tenant of the settings, whose manager may do without a password */
export function tenantOffer(record: TenantRecord, parts: OfferParts): TenantOffer {
  const { tenant } = record;
  return {
    fingerprint: fingerprintOf(record),
    database: tenant.db_database,
    serverName: tenant.sni_hostname ?? undefined,
    plan: () => planOf(tenant.external_id, record, connectionOf(record, parts), undefined, [], parts),
  };
}

/** A cluster whose members are these tenants. @returns undefined where none of them writes */
export function clusterOffer(
  cluster: Cluster,
  records: ReadonlyMap<string, TenantRecord>,
  parts: OfferParts,
): TenantOffer | undefined {
  const members = (type: 'write' | 'read') =>
    cluster.cluster_tenants.flatMap((member) => {
      const record = member.active && member.type === type ? records.get(member.tenant_external_id) : undefined;
      return record ? [record] : [];
    });
  const [writer] = members('write');
  if (!cluster.active || !writer) return undefined;
  const readers = members('read');
  return {
    fingerprint: [writer, ...readers].map(fingerprintOf).join('\n'),
    database: writer.tenant.db_database,
    serverName: undefined,
    plan: () =>
      planOf(
        `cluster.${cluster.alias}`,
        writer,
        connectionOf(writer, parts),
        undefined,
        readers.map((reader) => connectionOf(reader, parts)),
        parts,
      ),
  };
}

const fingerprintOf = ({ tenant, passwords }: TenantRecord): string => JSON.stringify([tenant, [...passwords]]);

/** The tenant's server, as its manager, or as its first user where it has none. */
function connectionOf({ tenant, passwords }: TenantRecord, { server }: OfferParts): () => ConnectionOptions {
  const manager = tenant.users.find(({ is_manager }) => is_manager) ?? tenant.users[0];
  const user = manager?.db_user ?? '';
  const password = passwords.get(manager?.db_user_alias ?? '');
  return () => {
    const own = server();
    const { upstream_ssl: isTls, upstream_verify: verify, upstream_tls_ca: authority } = tenant;
    // libpq's modes know more than these two fields; as long as nothing else was said, those of the settings hold.
    const isSame = own.host === tenant.db_host && own.port === tenant.db_port && isTls === isTlsOf(own);
    const sslMode = isSame ? own.sslMode : isTls ? (verify === 'peer' ? 'verify-full' : 'require') : 'disable';
    const known = password ?? (user === own.user ? own.password : undefined);
    return {
      host: tenant.db_host,
      port: tenant.db_port,
      database: tenant.db_database,
      user,
      ...(known !== undefined && { password: known }),
      ...(sslMode !== undefined && { sslMode }),
      ...(authority !== null && { sslRootCertificate: authority }),
    };
  };
}

const isTlsOf = ({ sslMode }: ConnectionOptions): boolean => sslMode !== undefined && sslMode !== 'disable';

function planOf(
  name: string,
  { tenant, passwords }: TenantRecord,
  connection: () => ConnectionOptions,
  sharedPassword: string | undefined,
  replicas: readonly (() => ConnectionOptions)[],
  { settings, log, now }: OfferParts,
): TenantPlan {
  const auth = tenant.require_user
    ? undefined
    : createAuthQuery(connection, tenant.auth_query, settings.connectTimeout);
  const secrets = auth
    ? createSecretSource({
        look: (role) => auth.look(role),
        sharedPassword,
        keep: settings.authCache,
        limit: rolesRemembered,
        now,
      })
    : createStoredSecrets(passwords);
  const told = (change: ReplicaChange): void => tellReplica(log, name, replicas[change.replica], change);
  const family = { v4: 4, v6: 6, auto: undefined }[tenant.ip_version] as 4 | 6 | undefined;
  const addressOf = (each: () => ConnectionOptions) => (): ServerAddress =>
    family === undefined ? each() : { ...each(), family };
  const watch =
    replicas.length > 0 ? createReplicaWatch(connection, replicas, settings.connectTimeout, now, told) : undefined;
  return {
    name,
    tenant,
    address: addressOf(connection),
    secrets,
    replicas: watch && { addresses: replicas.map(addressOf), watch },
    close: async () => void (await Promise.all([auth?.close(), watch?.close()])),
  };
}

function tellReplica(
  log: Logger,
  tenant: string,
  address: (() => ConnectionOptions) | undefined,
  { isUsable, error }: ReplicaChange,
): void {
  const { host, port } = address?.() ?? {};
  const what = tenant.startsWith('cluster.') ? `a replica of ${tenant}` : 'a replica of POOLER_READ_HOSTS';
  if (isUsable) log.info({ host, port }, `${what} is read from`);
  else log.warn({ host, port, ...(error !== undefined && { err: error }) }, `${what} is not usable`);
}
