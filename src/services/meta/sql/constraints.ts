import type { Session } from '#kernel/sql';

/** Name of a table's primary key, where it has one. */
export async function primaryKeyName(session: Session, tableId: number): Promise<string | undefined> {
  const [result] = await session.query<{ name: string }>(
    `select conname as name from pg_constraint where conrelid = $1 and contype = 'p'`,
    [tableId],
  );
  return result?.rows[0]?.name;
}

/** Names of the unique and check constraints that concern one column alone. */
export async function constraintsOfColumn(
  session: Session,
  tableId: number,
  column: number,
): Promise<{ readonly unique: readonly string[]; readonly check: readonly string[] }> {
  const [result] = await session.query<{ name: string; kind: string }>(
    `select conname as name, contype as kind from pg_constraint
     where conrelid = $1 and conkey = array[$2::int2] and contype in ('u', 'c') order by oid`,
    [tableId, column],
  );
  const named = (kind: string) => (result?.rows ?? []).filter((row) => row.kind === kind).map(({ name }) => name);
  return { unique: named('u'), check: named('c') };
}
