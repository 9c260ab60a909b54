import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '#kernel/errors';
import type { Logger } from '#kernel/log';
import { canReach } from '#kernel/system';
import {
  copyServer,
  embeddedBinaries,
  findEmbeddedPackage,
  repairLibraryLinks,
  type ServerBinaries,
} from '../place/binaries.ts';
import { findDistribution } from '../place/distribution.ts';
import { buildDistributionTree } from '../place/distribution-tree.ts';
import { ensureExtensions } from '../place/extensions.ts';
import type { ServerPlace } from '../place/server-place.ts';

/** A server's programs together with our extensions. */
export interface Installation {
  readonly binaries: ServerBinaries;
  /** Folders for `extension_control_path`; empty where the server has no such setting. */
  readonly extensionPath: readonly string[];
  /** Libraries to preload. */
  readonly preload: readonly string[];
}

/** Libraries of the image's `shared_preload_libraries`, in its order; those that are there are loaded. */
const preloadable = [
  'timescaledb',
  'pg_stat_statements',
  'pgaudit',
  'plpgsql_check',
  'pg_cron',
  'pg_net',
  'pgsodium',
  'auto_explain',
  'pg_tle',
  'plan_filter',
] as const;

/**
 * Finds the server's programs and puts them, with our extensions, where the server's user can use them. Call it only
 * while no server runs there: what an older start copied may be replaced.
 *
 * @param binDir a distribution's programs, or undefined for the embedded package
 */
export async function prepareInstallation(
  binDir: string | undefined,
  place: ServerPlace,
  log: Logger,
): Promise<Installation> {
  const found = binDir === undefined ? findEmbedded(place, log) : findDistribution(binDir);
  if (!canReach(found.shareDir, place.user) || !canReach(found.postgres, place.user))
    throw new StartupError(`user ${place.user.name} may not use ${found.postgres}`, 'POSTGRES_BIN_DIR');
  const preload = preloadable.filter((name) =>
    ['.so', '.dylib'].some((suffix) => existsSync(join(found.libDir, name + suffix))),
  );
  const extensions = join(place.base, 'extensions');
  await ensureExtensions(extensions, found.shareDir);
  if (found.major >= 18) return { binaries: found, extensionPath: [extensions, '$system'], preload };
  const tree = buildDistributionTree(found, join(place.base, 'server'), join(extensions, 'extension'));
  return { binaries: tree, extensionPath: [], preload };
}

function findEmbedded(place: ServerPlace, log: Logger): ServerBinaries {
  const found = findEmbeddedPackage();
  const usable = repairLibraryLinks(found.root) && canReach(join(found.root, 'bin', 'postgres'), place.user);
  if (usable) return embeddedBinaries(found.root, found.version);
  const copy = copyServer(found, place.base);
  log.debug({ copy }, 'the database server was copied to where its user can use it');
  return embeddedBinaries(copy, found.version);
}
