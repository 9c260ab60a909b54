import type { Session } from '#kernel/sql';

/** Id of the function of a name that this session has just made: others of the name differ in their arguments. */
export async function newestFunction(session: Session, schema: string, name: string): Promise<number | undefined> {
  const [result] = await session.query<{ id: number }>(
    `select p.oid::int8 as id from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = $1 and p.proname = $2 order by age(p.xmin), p.oid desc limit 1`,
    [schema, name],
  );
  return result?.rows[0]?.id;
}
