import { asDatabaseError, type Client, quoteIdentifier } from '#kernel/sql';

/** What became of an extension that was older than the files beside the server. */
export interface ExtensionUpgrade {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** The server's message when it stays as it was. */
  readonly failure?: string;
}

/**
 * Brings our SQL-only extensions that exist in an older version up to the one that would be created now. What is not
 * ours, on either side, is left alone.
 *
 * @param client a superuser's, connected to the database in question
 */
export async function upgradeExtensions(client: Client): Promise<readonly ExtensionUpgrade[]> {
  const { rows } = await client.pg.query<{ name: string; from: string; to: string }>(
    `select extname::text as name, extversion as from, default_version as to
     from pg_extension
     join pg_available_extensions as available on available.name = extname
     where extversion like '%+sql%' and default_version like '%+sql%' and extversion <> default_version
       and exists (
         select from pg_extension_update_paths(extname)
         where source = extversion and target = default_version and path is not null
       )
     order by extname`,
  );
  const upgrades: ExtensionUpgrade[] = [];
  for (const row of rows) {
    try {
      await client.pg.query(`alter extension ${quoteIdentifier(row.name)} update`);
      upgrades.push(row);
    } catch (error) {
      const refused = asDatabaseError(error);
      if (refused === undefined) throw error;
      upgrades.push({ ...row, failure: refused.message });
    }
  }
  return upgrades;
}
