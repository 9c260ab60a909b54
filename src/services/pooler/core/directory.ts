import { asObject } from './body-fields.ts';
import { type Cluster, parseCluster } from './cluster-body.ts';
import type { Seal } from './seal.ts';
import type { Tenant } from './tenant.ts';
import { parseTenant, type TenantRecord } from './tenant-body.ts';

/** A stored document, by its key. */
export interface NamedDocument {
  readonly name: string;
  readonly document: unknown;
}

/** Keeps what the HTTP API was given. */
export interface DocumentStore {
  read(): Promise<{ readonly tenants: readonly NamedDocument[]; readonly clusters: readonly NamedDocument[] }>;
  put(kind: 'tenant' | 'cluster', name: string, document: unknown): Promise<void>;
  remove(kind: 'tenant' | 'cluster', name: string): Promise<boolean>;
}

/** What is known of tenants at a moment. */
export interface Known {
  /** Those that were put; the one of the settings stands beside them. */
  readonly stored: ReadonlyMap<string, TenantRecord>;
  readonly clusters: ReadonlyMap<string, Cluster>;
}

/** What a directory is made of. */
export interface DirectoryOptions {
  readonly store: DocumentStore;
  /** Undefined: passwords can be neither kept nor read. */
  readonly seal: Seal | undefined;
  /** The tenant that the settings make. */
  readonly own: () => Tenant;
  /** Milliseconds for which what was read is believed to be everything. */
  readonly keep: number;
  readonly now: () => number;
  readonly changed: (known: Known) => void;
  /** Something stored makes no sense, or the store cannot be read. */
  readonly warn: (error: unknown, text: string) => void;
}

/** The tenants and clusters of a pooler: the one that the settings make, and those that were put by the HTTP API. */
export interface Directory {
  readonly known: Known;
  /** The tenant of this id as it is served. */
  tenant(id: string): Tenant | undefined;
  /** Reads the store, unless that was done a moment ago. Never rejects. */
  learn(): Promise<void>;
  putTenant(record: TenantRecord): Promise<void>;
  removeTenant(id: string): Promise<boolean>;
  putCluster(cluster: Cluster): Promise<void>;
  removeCluster(alias: string): Promise<boolean>;
}

/** Creates one that knows nothing yet. */
export function createDirectory(options: DirectoryOptions): Directory {
  const { store, seal, own, now } = options;
  let known: Known = { stored: new Map(), clusters: new Map() };
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  let failed = false;

  async function read(): Promise<void> {
    const { tenants, clusters } = await store.read();
    known = {
      stored: parsed(tenants, tenantFrom),
      clusters: parsed(clusters, ({ name, document }) => {
        const cluster = parseCluster(name, { cluster: document });
        if ('problems' in cluster) throw new Error(JSON.stringify(cluster.problems));
        return cluster;
      }),
    };
    readAt = now();
    failed = false;
    options.changed(known);
  }

  function tenantFrom({ name, document }: NamedDocument): TenantRecord {
    const { tenant, passwords } = document as { tenant: Tenant; passwords: Record<string, string> };
    const sealed = asObject(passwords) ?? {};
    const users = tenant.users.map((user) => {
      const text = sealed[user.db_user_alias];
      if (typeof text !== 'string') return user;
      if (!seal) throw new Error('VAULT_ENC_KEY is not set');
      return { ...user, db_password: seal.open(text, ownerOf(name, user.db_user_alias)) };
    });
    const self = own();
    const record = parseTenant(name, { tenant: { ...tenant, users } }, self.external_id === name ? self : undefined);
    if ('problems' in record) throw new Error(JSON.stringify(record.problems));
    return record;
  }

  function parsed<T>(documents: readonly NamedDocument[], parse: (document: NamedDocument) => T): Map<string, T> {
    const found = new Map<string, T>();
    for (const each of documents) {
      try {
        found.set(each.name, parse(each));
      } catch (error) {
        options.warn(error, `the stored ${each.name} is not served, since it cannot be read`);
      }
    }
    return found;
  }

  /** After a change of our own; whatever is being read may be older. */
  async function again(): Promise<void> {
    await reading;
    await read();
  }

  return {
    get known() {
      return known;
    },
    tenant(id) {
      const self = own();
      return known.stored.get(id)?.tenant ?? (self.external_id === id ? self : undefined);
    },
    async learn() {
      if (now() - readAt < options.keep) return;
      reading ??= read()
        .catch((error) => {
          // A database that is down is told by others.
          if (!failed) options.warn(error, 'the stored tenants cannot be read');
          failed = true;
          readAt = now();
        })
        .finally(() => {
          reading = undefined;
        });
      await reading;
    },
    async putTenant({ tenant, passwords }) {
      const sealed: Record<string, string> = {};
      for (const [alias, password] of passwords) {
        if (!seal) throw new Error('VAULT_ENC_KEY is not set');
        sealed[alias] = seal.seal(password, ownerOf(tenant.external_id, alias));
      }
      await store.put('tenant', tenant.external_id, { tenant, passwords: sealed });
      await again();
    },
    async removeTenant(id) {
      const removed = await store.remove('tenant', id);
      await again();
      return removed;
    },
    async putCluster(cluster) {
      await store.put('cluster', cluster.alias, cluster);
      await again();
    },
    async removeCluster(alias) {
      const removed = await store.remove('cluster', alias);
      await again();
      return removed;
    },
  };
}

// Sealed texts cannot be moved to another tenant or user.
const ownerOf = (tenant: string, alias: string): string => `${tenant}\n${alias}`;
