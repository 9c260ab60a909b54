import type { TenantNames } from '../core/identity.ts';
import type { TenantFigures } from '../core/metrics.ts';
import { poolerFatal } from '../errors.ts';
import { ServedTenant, type SharedParts } from './served-tenant.ts';
import type { TenantPlan } from './tenant-plan.ts';

/** A tenant that can be served. */
export interface TenantOffer {
  /** The same as long as it is served in the same way. */
  readonly fingerprint: string;
  readonly database: string;
  readonly serverName: string | undefined;
  /** Makes what it takes, when the first client comes. */
  readonly plan: () => TenantPlan;
}

/** The tenants of a pooler by name: those that are served, and those that could be. */
export class Tenants {
  readonly names: TenantNames;
  readonly #shared: SharedParts;
  #offers: ReadonlyMap<string, TenantOffer> = new Map();
  readonly #served = new Map<string, ServedTenant>();
  /** Served in another way by now, but not all of their clients have gone. */
  readonly #retired = new Set<ServedTenant>();

  constructor(own: string, shared: SharedParts) {
    this.#shared = shared;
    this.names = {
      own,
      has: (name) => this.#offers.has(name),
      databaseOf: (name) => this.#offers.get(name)?.database ?? '',
      ofServerName: (serverName) => {
        for (const [name, offer] of this.#offers) if (offer.serverName === serverName) return name;
        return undefined;
      },
    };
  }

  /** From now on these are served; clients of those that are gone or different are sent away between transactions. */
  offer(offers: ReadonlyMap<string, TenantOffer>): void {
    const before = this.#offers;
    this.#offers = offers;
    for (const [name, tenant] of this.#served) {
      if (offers.get(name)?.fingerprint === before.get(name)?.fingerprint) continue;
      this.#served.delete(name);
      this.#retired.add(tenant);
      tenant.retire(poolerFatal('shutdown'));
    }
    this.sweep();
  }

  /** The tenant of this name. @throws what its client is to be told, when there is none any more */
  serve(name: string): ServedTenant {
    const served = this.#served.get(name);
    if (served) return served;
    const offer = this.#offers.get(name);
    if (!offer) throw poolerFatal('unknown_tenant');
    const made = new ServedTenant(offer.plan(), this.#shared);
    this.#served.set(name, made);
    return made;
  }

  /** Those that are served by now. */
  get served(): ReadonlyMap<string, ServedTenant> {
    return this.#served;
  }

  get size(): number {
    let sum = 0;
    for (const tenant of this.#all()) sum += tenant.size;
    return sum;
  }

  /** The figures of one, or of all that have been served. */
  figures(name?: string): readonly TenantFigures[] {
    return [...this.#served.values()]
      .filter(({ plan }) => name === undefined || plan.name === name)
      .map((tenant) => ({
        tenant: tenant.plan.name,
        counts: tenant.counts,
        durations: tenant.durations,
        pools: tenant.states(),
      }));
  }

  /** To be called every second. */
  sweep(): void {
    for (const tenant of this.#all()) tenant.sweep();
    for (const tenant of this.#retired) {
      if (tenant.size > 0) continue;
      this.#retired.delete(tenant);
      void tenant.close(poolerFatal('shutdown'));
    }
  }

  /** Sends everybody away once they have nothing under way. */
  drain(): void {
    for (const tenant of this.#all()) tenant.drain(poolerFatal('shutdown'));
  }

  /** Ends everything. */
  async close(): Promise<void> {
    const all = [...this.#all()];
    this.#served.clear();
    this.#retired.clear();
    await Promise.all(all.map((tenant) => tenant.close(poolerFatal('shutdown'))));
  }

  *#all(): Generator<ServedTenant> {
    yield* this.#served.values();
    yield* this.#retired;
  }
}
