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

/** The tenant: its limits, which may be changed while the room runs and count until it is started again. */
export class Tenant {
  readonly name: string;
  readonly #maxBytes: number;
  #limits: Limits;

  constructor(name: string, limits: Limits, maxBytes: number) {
    this.name = name;
    this.#limits = limits;
    this.#maxBytes = maxBytes;
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** @returns whether sockets have to be closed: who may be there at all was changed */
  change(limits: Partial<Limits>): boolean {
    const before = this.#limits;
    this.#limits = { ...before, ...limits };
    return before.privateOnly !== this.#limits.privateOnly || before.suspended !== this.#limits.suspended;
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
      max_bytes_per_second: this.#maxBytes,
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

/** Reads `{"tenant": {…}}`. Fields that mean nothing here are passed over, as a database of its own would be. */
export function parseTenantChange(body: unknown): TenantChange {
  const tenant = (body as { tenant?: unknown } | null | undefined)?.tenant;
  if (typeof tenant !== 'object' || tenant === null) return { problems: { tenant: ["can't be blank"] } };
  const limits: Record<string, number | boolean> = {};
  const problems: Record<string, string[]> = {};
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
