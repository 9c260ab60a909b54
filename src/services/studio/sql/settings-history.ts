import type { Database } from '#kernel/sql';

/** One setting that was changed. Null: not set by the dashboard. Texts of secrets are empty. */
export interface SettingChange {
  readonly name: string;
  readonly secret: boolean;
  readonly before: string | null;
  readonly after: string | null;
}

/** A change of settings as it is shown. */
export interface SettingsVersion {
  readonly id: number;
  readonly at: string;
  readonly operator: string;
  /** The rooms it concerns, with commas between. */
  readonly rooms: string;
  readonly changes: readonly SettingChange[];
}

const table = '_pmoves.studio_settings_history';

/**
 * Keeps a change, and forgets the oldest.
 *
 * @param entry.before all that was set, encrypted
 * @param now milliseconds
 * @param most changes that are kept
 */
export const addSettingsChange = async (
  db: Database,
  entry: {
    readonly operator: string;
    readonly rooms: string;
    readonly changes: readonly SettingChange[];
    readonly before: Buffer;
  },
  now: number,
  most: number,
): Promise<void> =>
  void (await db.query(
    `with kept as (
       insert into ${table} (at, operator, room, changes, before)
       values (to_timestamp($1::float8 / 1000), left($2, 200), $3, $4::jsonb, $5)
     )
     delete from ${table} where id in (
       select id from ${table} order by id desc offset greatest($6::int - 1, 0)
     )`,
    [now, entry.operator, entry.rooms, JSON.stringify(entry.changes), entry.before, most],
  ));

/** Changes before an id (all, with none), the latest first. */
export const listSettingsChanges = async (
  db: Database,
  before: number | null,
  limit: number,
): Promise<SettingsVersion[]> =>
  (
    await db.query<SettingsVersion>(
      `select id::float8 as id, to_json(at)#>>'{}' as at, operator, room as rooms, changes from ${table}
       where $1::float8 is null or id < $1 order by id desc limit $2`,
      [before, limit],
    )
  ).rows;

/** Which settings a change was of, and all that was set before it, encrypted. */
export async function findSettingsChange(
  db: Database,
  id: number,
): Promise<{ readonly names: readonly string[]; readonly before: Buffer } | undefined> {
  const { rows } = await db.query<{ changes: readonly SettingChange[]; before: Buffer }>(
    `select changes, before from ${table} where id = $1`,
    [id],
  );
  return rows[0] && { names: rows[0].changes.map(({ name }) => name), before: rows[0].before };
}
