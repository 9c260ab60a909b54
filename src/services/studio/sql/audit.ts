import type { Database } from '#kernel/sql';

/** Something an operator did. */
export interface AuditEntry {
  readonly operator: string;
  /** E.g. `sign-in`, `reveal`, `auth DELETE`. */
  readonly action: string;
  /** What it was done to. */
  readonly target: string;
  readonly address: string;
}

/** The same as it is kept. */
export interface KeptEntry extends AuditEntry {
  readonly id: number;
  readonly at: string;
}

const table = '_pmoves.studio_audit';

/** Keeps an entry. @param now milliseconds */
export const addAuditEntry = async (db: Database, entry: AuditEntry, now: number): Promise<void> =>
  void (await db.query(
    `insert into ${table} (at, operator, action, target, address)
     values (to_timestamp($1::float8 / 1000), left($2, 200), left($3, 200), left($4, 1000), left($5, 100))`,
    [now, entry.operator, entry.action, entry.target, entry.address],
  ));

/** Entries before an id (all, with none), the latest first. */
export const listAudit = async (db: Database, before: number | null, limit: number): Promise<KeptEntry[]> =>
  (
    await db.query<KeptEntry>(
      `select id::float8 as id, to_json(at)#>>'{}' as at, operator, action, target, address from ${table}
       where $1::float8 is null or id < $1 order by id desc limit $2`,
      [before, limit],
    )
  ).rows;

/** Forgets what is older. @param before milliseconds */
export const trimAudit = async (db: Database, before: number): Promise<void> =>
  void (await db.query(`delete from ${table} where at < to_timestamp($1::float8 / 1000)`, [before]));
