import { createHash, timingSafeEqual } from 'node:crypto';
import type { Limits } from './limits/limits.ts';

/** The one tenant as its administration shows it (spec §5.2). */
export interface TenantView {
  readonly external_id: string;
  readonly name: string;
  readonly max_concurrent_users: number;
  readonly max_channels_per_client: number;
  readonly max_events_per_second: number;
  readonly max_joins_per_second: number;
  readonly max_bytes_per_second: number;
  readonly max_presence_events_per_second: number;
  readonly max_payload_size_in_kb: number;
  readonly private_only: boolean;
  readonly suspend: boolean;
}

/** What a change of the tenant asks for, or what is wrong with it by field. */
export type TenantChange =
  | { readonly limits: Partial<Limits> }
  | { readonly problems: Readonly<Record<string, string[]>> };

/** What the tenant is by the settings, and stays. */
export interface TenantFacts {
  readonly name: string;
  readonly maxBytes: number;
  /** Name of its database. */
  readonly database: string;
  readonly jwtSecret: string | undefined;
  readonly jwtJwks: { readonly keys: readonly object[] } | undefined;
}

/**
 * The tenant: its limits, which may be changed while the room runs, and whether there is one at all. What was changed counts
 * until the room is started again.
 */
export class Tenant {
  readonly facts: TenantFacts;
  readonly #initial: Limits;
  #limits: Limits;

  /** @param limits of one that is made */
  constructor(facts: TenantFacts, limits: Limits) {
    this.facts = facts;
    this.#initial = limits;
    this.#limits = limits;
  }

  get name(): string {
    return this.facts.name;
  }

  get exists(): boolean {
    return !this.#limits.removed;
  }

  /** All limits that a change leads to: of one that was removed, those it is made with. */
  after(change: Partial<Limits>): Partial<Limits> {
    return this.exists ? change : { ...this.#initial, ...change };
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** @returns whether sockets have to be closed: who may be there at all was changed */
  change(limits: Partial<Limits>): boolean {
    const before = this.#limits;
    this.#limits = { ...before, ...limits };
    const { privateOnly, suspended, removed } = this.#limits;
    return before.privateOnly !== privateOnly || before.suspended !== suspended || before.removed !== removed;
  }

  get view(): TenantView {
    const { users, channels, events, joins, presenceEvents, payload, privateOnly, suspended } = this.#limits;
    return {
      external_id: this.name,
      name: this.name,
      max_concurrent_users: users,
      max_channels_per_client: channels,
      max_events_per_second: events,
      max_joins_per_second: joins,
      max_bytes_per_second: this.facts.maxBytes,
      max_presence_events_per_second: presenceEvents,
      max_payload_size_in_kb: payload / 1_000,
      private_only: privateOnly,
      suspend: suspended,
    };
  }
}

const numbers: Readonly<Record<string, 'users' | 'channels' | 'events' | 'joins' | 'presenceEvents'>> = {
  max_concurrent_users: 'users',
  max_channels_per_client: 'channels',
  max_events_per_second: 'events',
  max_joins_per_second: 'joins',
  max_presence_events_per_second: 'presenceEvents',
};
const switches: Readonly<Record<string, 'privateOnly' | 'suspended'>> = {
  private_only: 'privateOnly',
  suspend: 'suspended',
};

/**
 * Reads `{"tenant": {…}}`. What only the settings decide has to be what it is, where it is said; fields that mean nothing
 * here are passed over.
 */
export function parseTenantChange(body: unknown, facts: TenantFacts): TenantChange {
  const tenant = (body as { tenant?: unknown } | null | undefined)?.tenant;
  if (typeof tenant !== 'object' || tenant === null) return { problems: { tenant: ["can't be blank"] } };
  const limits: Record<string, number | boolean> = {};
  const problems: Record<string, string[]> = fixedProblems(tenant as Record<string, unknown>, facts);
  for (const [field, value] of Object.entries(tenant)) {
    const number = numbers[field];
    const flag = switches[field];
    const isCount = Number.isSafeInteger(value) && (value as number) >= 0;
    if (number !== undefined && isCount) limits[number] = value as number;
    else if (field === 'max_payload_size_in_kb' && isCount) limits.payload = (value as number) * 1_000;
    else if (flag !== undefined && typeof value === 'boolean') limits[flag] = value;
    else if (number !== undefined || flag !== undefined || field === 'max_payload_size_in_kb')
      problems[field] = ['is invalid'];
  }
  return Object.keys(problems).length > 0 ? { problems } : { limits };
}

function fixedProblems(tenant: Readonly<Record<string, unknown>>, facts: TenantFacts): Record<string, string[]> {
  const problems: Record<string, string[]> = {};
  const { external_id: id, jwt_secret: secret, jwt_jwks: jwks, extensions } = tenant;
  if (id !== undefined && id !== facts.name) problems.external_id = [onlyTenant(facts)];
  if (secret !== undefined && !isSame(secret, facts.jwtSecret)) problems.jwt_secret = [bySettings];
  if (jwks !== undefined && jwks !== null && keysOf(jwks) !== keysOf(facts.jwtJwks)) problems.jwt_jwks = [bySettings];
  for (const extension of Array.isArray(extensions) ? extensions : []) {
    const name = (extension as { settings?: { db_name?: unknown } } | null)?.settings?.db_name;
    if (name !== undefined && name !== facts.database) problems.extensions = [bySettings];
  }
  return problems;
}

/** Why there can be no other. */
export const onlyTenant = ({ name }: TenantFacts): string => `this server keeps one tenant, ${name}`;

const bySettings = "is decided by the server's settings and cannot be changed here";

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSame = (given: unknown, secret: string | undefined): boolean =>
  typeof given === 'string' && secret !== undefined && timingSafeEqual(digest(given), digest(secret));

const keysOf = (jwks: unknown): string => JSON.stringify((jwks as { keys?: unknown } | undefined)?.keys ?? []);
