import { copyFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Extensions the owner of a hosted project may create although PostgreSQL does not mark all of them trusted. Those of
 * them that the server has get a control file that does.
 */
const privilegedExtensions = new Set([
  'address_standardizer',
  'address_standardizer_data_us',
  'autoinc',
  'bloom',
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'dblink',
  'dict_int',
  'dict_xsyn',
  'earthdistance',
  'fuzzystrmatch',
  'hstore',
  'http',
  'hypopg',
  'index_advisor',
  'insert_username',
  'intarray',
  'isn',
  'ltree',
  'moddatetime',
  'pg_buffercache',
  'pg_cron',
  'pg_graphql',
  'pg_hashids',
  'pg_jsonschema',
  'pg_net',
  'pg_partman',
  'pg_prewarm',
  'pg_repack',
  'pg_stat_monitor',
  'pg_stat_statements',
  'pg_tle',
  'pg_trgm',
  'pg_walinspect',
  'pgaudit',
  'pgcrypto',
  'pgjwt',
  'pgmq',
  'pgroonga',
  'pgroonga_database',
  'pgrouting',
  'pgrowlocks',
  'pgsodium',
  'pgstattuple',
  'pgtap',
  'plpgsql_check',
  'postgis',
  'postgis_raster',
  'postgis_sfcgal',
  'postgis_tiger_geocoder',
  'postgis_topology',
  'postgres_fdw',
  'refint',
  'rum',
  'seg',
  'sslinfo',
  'supabase_vault',
  'tablefunc',
  'tcn',
  'timescaledb',
  'tsm_system_rows',
  'tsm_system_time',
  'unaccent',
  'uuid-ossp',
  'vector',
  'wrappers',
]);

/**
 * Builds `<target>/extension`: everything of the server's own extension folder as links, trusted copies of the control
 * files a project's owner may use, and our SQL-only extensions as copies. Where the server has the real extension of
 * the same name, that one wins. PostgreSQL 18 finds the folder through `extension_control_path = '<target>'`; for older
 * servers put it in the place of `extension` below their share directory.
 *
 * @param target replaced as a whole; no server may be starting from it meanwhile
 * @param systemShareDir the server's share directory, the one with `extension` in it; must stay where it is
 * @param ownDir our folder, the one with `extension` in it
 */
export async function prepareExtensionDirectory(target: string, systemShareDir: string, ownDir: string): Promise<void> {
  const fresh = `${target}.new`;
  await rm(fresh, { recursive: true, force: true });
  const folder = path.join(fresh, 'extension');
  await mkdir(folder, { recursive: true, mode: 0o755 });

  const system = path.join(systemShareDir, 'extension');
  const systemFiles = await readdir(system);
  await Promise.all(systemFiles.map((file) => place(path.join(system, file), path.join(folder, file))));

  const taken = new Set(systemFiles.filter((file) => file.endsWith('.control')).map(extensionOf));
  const own = path.join(ownDir, 'extension');
  const ownFiles = (await readdir(own)).filter((file) => !taken.has(extensionOf(file)));
  await Promise.all(ownFiles.map((file) => copyFile(path.join(own, file), path.join(folder, file))));

  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
}

async function place(source: string, destination: string): Promise<void> {
  if (!source.endsWith('.control') || !privilegedExtensions.has(extensionOf(path.basename(source))))
    return symlink(source, destination);
  await writeFile(destination, trustedControl(await readFile(source, 'utf8')), { mode: 0o644 });
}

/** A control file's text with `trusted = true`. */
export function trustedControl(text: string): string {
  return `${text.replace(/^[ \t]*trusted[ \t]*=.*(\n|$)/gim, '').trimEnd()}\ntrusted = true\n`;
}

// `name.control`, `name--1.0.sql` and `name--1.0--1.1.sql` all belong to `name`.
function extensionOf(file: string): string {
  return file.replace(/(--.*)?\.(control|sql)$/, '');
}
