import { BlockList, isIPv6 } from 'node:net';
import type { SecretSource } from '../core/secret-source.ts';
import type { Tenant, TenantUser } from '../core/tenant.ts';
import type { ReplicaWatch } from '../sql/replica-watch.ts';
import type { ServerAddress } from './server-login.ts';

/** How a role of a tenant is served. */
export interface RoleTerms {
  /** Role at the server. */
  readonly user: string;
  readonly mode: 'transaction' | 'session';
  readonly poolSize: number;
  /** Milliseconds; 0 waits without end. */
  readonly checkoutTimeout: number;
  /** Clients of this role at most; undefined: what the tenant allows. */
  readonly maxClients: number | undefined;
}

/** Servers that reading transactions may go to. */
export interface Replicas {
  readonly addresses: readonly (() => ServerAddress)[];
  readonly watch: ReplicaWatch;
}

/** What it takes to serve a tenant. */
export interface TenantPlan {
  /** By which it is found: its id, or `cluster.ALIAS`. */
  readonly name: string;
  readonly tenant: Tenant;
  readonly address: () => ServerAddress;
  readonly secrets: SecretSource;
  readonly replicas: Replicas | undefined;
  /** Ends what was opened for it. */
  readonly close: () => Promise<void>;
}

/** The terms of a role, by the name that clients use. @returns undefined where the tenant has no such user */
export function termsOf(tenant: Tenant, role: string): RoleTerms | undefined {
  const named = tenant.users.find(({ db_user_alias }) => db_user_alias === role);
  if (tenant.require_user) return named && terms(named, named.db_user);
  const entry = named ?? tenant.users.find(({ is_manager }) => is_manager);
  return entry && terms(entry, named?.db_user ?? role);
}

function terms(entry: TenantUser, user: string): RoleTerms {
  return {
    user,
    mode: entry.mode_type,
    poolSize: entry.pool_size,
    checkoutTimeout: entry.pool_checkout_timeout,
    maxClients: entry.max_clients ?? undefined,
  };
}

/** Whether an address may connect, by a list of ranges. */
export function createAllowList(entries: readonly string[]): (address: string) => boolean {
  const ranges = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) ranges.addAddress(address, family);
    else ranges.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    if (address.startsWith('::ffff:')) return ranges.check(address.slice(7), 'ipv4');
    return address !== '' && ranges.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  };
}
