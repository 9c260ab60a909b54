import type { Client } from '#kernel/sql';

/** Database of the internal services: logs (`_analytics`) and pooler (`_supavisor`). */
export const internalDatabase = '_supabase';

/** Its schemas; safe to run again. */
export async function createInternalSchemas(client: Client, admin: string): Promise<void> {
  await client.pg.query(`
    begin;
    create schema if not exists _analytics authorization ${admin};
    create schema if not exists _supavisor authorization ${admin};
    commit;
  `);
}
