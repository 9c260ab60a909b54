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
  readonly changes: readonly SettingChange[];
}

const table = '_pmoves.studio_settings_history';

/**
 * Keeps a change, and forgets the oldest of its room.
 *
 * @param entry.before all that was set, encrypted
 * @param now milliseconds
 * @param most changes that are kept
 */
export const addSettingsChange = async (
  db: Database,
  entry: {
    readonly operator: string;
    readonly room: string;
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
     delete from ${table} where room = $3 and id in (
       select id from ${table} where room = $3 order by id desc offset greatest($6::int - 1, 0)
     )`,
    [now, entry.operator, entry.room, JSON.stringify(entry.changes), entry.before, most],
  ));

/** Changes before an id (all, with none), the latest first. */
export const listSettingsChanges = async (
  db: Database,
  room: string,
  before: number | null,
  limit: number,
): Promise<SettingsVersion[]> =>
  (
    await db.query<SettingsVersion>(
      `select id::float8 as id, to_json(at)#>>'{}' as at, operator, changes from ${table}
       where room = $1 and ($2::float8 is null or id < $2) order by id desc limit $3`,
      [room, before, limit],
    )
  ).rows;

/** What was set before a change, encrypted. */
export const findSettingsBefore = async (db: Database, room: string, id: number): Promise<Buffer | undefined> =>
  (await db.query<{ before: Buffer }>(`select before from ${table} where room = $1 and id = $2`, [room, id])).rows[0]
    ?.before;
