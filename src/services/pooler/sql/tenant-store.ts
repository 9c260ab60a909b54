import { asDatabaseError, type Client, type ConnectionOptions, connectClient } from '#kernel/sql';

/** A stored document, by its key. */
export interface StoredDocument {
  readonly name: string;
  readonly document: unknown;
}

/** Everything that is stored. */
export interface StoredTenants {
  /** Each with `tenant` (the shown form) and `passwords` (sealed, by alias). */
  readonly tenants: readonly StoredDocument[];
  readonly clusters: readonly StoredDocument[];
}

/** Kinds of documents, each with a table of its own. */
export type DocumentKind = 'tenant' | 'cluster';

/** Tenants and clusters that were put by the HTTP API, in schema `_supavisor` of database `_supabase`. */
export interface TenantStore {
  /** @throws the database's error */
  read(): Promise<StoredTenants>;
  put(kind: DocumentKind, name: string, document: unknown): Promise<void>;
  /** @returns false when there was none */
  remove(kind: DocumentKind, name: string): Promise<boolean>;
}

// No database, schema or table of that name: nobody has put anything.
const nothingThere = /^(3D000|3F000|42P01)$/;

const tables = { tenant: '_supavisor.pooler_tenants', cluster: '_supavisor.pooler_clusters' } as const;

const creation = `
  create schema if not exists _supavisor;
  create table if not exists ${tables.tenant} (
    name text primary key,
    document jsonb not null,
    updated_at timestamptz not null default now()
  );
  create table if not exists ${tables.cluster} (like ${tables.tenant} including all);
`;

/** @param connection the database, as a role that owns the schema. Each call has a connection of its own. */
export function createTenantStore(connection: () => ConnectionOptions, connectTimeout: number): TenantStore {
  async function using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await connectClient(connection(), 10, false, connectTimeout);
    try {
      return await work(client);
    } finally {
      await client.pg.end().catch(() => {});
    }
  }

  return {
    async read() {
      try {
        return await using(async ({ pg }) => {
          const read = async (table: string) =>
            (await pg.query<StoredDocument>(`select name, document from ${table} order by name`)).rows;
          return { tenants: await read(tables.tenant), clusters: await read(tables.cluster) };
        });
      } catch (error) {
        if (nothingThere.test(asDatabaseError(error)?.code ?? '')) return { tenants: [], clusters: [] };
        throw error;
      }
    },
    put: (kind, name, document) =>
      using(async ({ pg }) => {
        await pg.query(creation);
        await pg.query(
          `insert into ${tables[kind]} (name, document) values ($1, $2)
           on conflict (name) do update set document = excluded.document, updated_at = now()`,
          [name, JSON.stringify(document)],
        );
      }),
    async remove(kind, name) {
      try {
        return await using(
          async ({ pg }) => ((await pg.query(`delete from ${tables[kind]} where name = $1`, [name])).rowCount ?? 0) > 0,
        );
      } catch (error) {
        if (nothingThere.test(asDatabaseError(error)?.code ?? '')) return false;
        throw error;
      }
    },
  };
}
