import type { Database } from '#kernel/sql';

/** Whether pg_graphql answers: by its function `graphql.resolve`, which the API's entry function calls. */
export async function hasGraphql(db: Database): Promise<boolean> {
  const { rows } = await db.query<{ there: boolean }>(
    `select exists (select 1 from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname = 'graphql' and p.proname = 'resolve') as there`,
  );
  return rows[0]?.there === true;
}
