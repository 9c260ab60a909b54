import { tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { StartupError } from '#kernel/errors';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { canReach, currentUser, type SystemUser } from '#kernel/system';
import type { ServerMessage } from '../../ports.ts';
import type { DbSettings } from '../../settings.ts';
import { renderHostRules, renderIdentMap } from '../access-rules.ts';
import { levelOf } from '../log-line.ts';
import { memorySizes } from '../memory.ts';
import { ensureDataDirectory } from '../place/data-directory.ts';
import { claimDataDirectory, type OwnerLock } from '../place/owner-lock.ts';
import { type DatabaseRecord, readRecord, writeRecord, writeWhole } from '../place/record.ts';
import { clearRuntimeDir, openRuntimeDir, removeRuntimeDir } from '../place/runtime-dir.ts';
import { makeFolder, placeServer, type ServerPlace } from '../place/server-place.ts';
import { ensureVaultKeys } from '../place/vault-keys.ts';
import { clearLeftovers } from '../process/leftovers.ts';
import type { ProcessTable } from '../process/process-table.ts';
import { createServerKeeper, type KeeperState } from '../process/server-keeper.ts';
import { launchServer } from '../process/server-process.ts';
import { explainFault, leftoversRemain } from '../server-fault.ts';
import { renderServerConfig, type ServerShape, serverArguments } from '../server-settings.ts';
import { type Installation, prepareInstallation } from './installation.ts';

/** What an embedded server needs. */
export interface EmbeddedOptions {
  readonly settings: DbSettings;
  /** Relative folders count from here. */
  readonly cwd: string;
  /** Nothing listens on a port. */
  readonly socketOnly?: boolean;
  readonly log: Logger;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  /** Hears of every message of the server. */
  readonly onMessage?: ((message: ServerMessage) => void) | undefined;
}

/** A started server. */
export interface EmbeddedAddress {
  readonly socketDir: string;
  readonly port: number;
  /** The data directory was made by this start. */
  readonly isNew: boolean;
}

/** The embedded PostgreSQL of one data directory. */
export interface EmbeddedServer {
  /** Resolves when it accepts connections. @throws StartupError */
  start(signal: AbortSignal): Promise<EmbeddedAddress>;
  stop(): Promise<void>;
  readonly state: KeeperState;
  readonly reason: string | undefined;
  /** The server's process, undefined when none runs. */
  readonly pid: number | undefined;
}

const loopback = /^(127\.\d+\.\d+\.\d+|::1)$/;

/** Creates the server's object; nothing runs before `start`. */
export function createEmbeddedServer(options: EmbeddedOptions): EmbeddedServer {
  const { settings, log, clock, processes } = options;
  const home = join(resolve(options.cwd, settings.volumesDir), 'db');
  const binDir = settings.binDir === undefined ? undefined : resolve(options.cwd, settings.binDir);
  let lock: OwnerLock | undefined;
  let runtimeDir: string | undefined;
  let keeper: ReturnType<typeof createServerKeeper> | undefined;

  function leftoverContext(dataDir: string) {
    return { dataDir, processes, log, stopTimeout: settings.stopTimeout };
  }

  async function prepare(signal: AbortSignal) {
    makeFolder(home);
    const record = readRecord(home);
    const place = placeServer(home, record, process.getuid?.() === 0);
    makeFolder(place.base);
    lock = await claimDataDirectory(join(place.base, 'owner.json'), settings.volumesDir, processes, signal);
    await clearLeftovers(leftoverContext(place.dataDir), signal);
    if (place.base !== home && record === undefined)
      log.info(
        { data: place.dataDir },
        `user ${place.user.name} cannot reach VOLUMES_DIR: the database is kept elsewhere`,
      );
    const installation = await prepareInstallation(binDir, place, log);
    const isNew = await ensureDataDirectory(place, installation.binaries, settings.port, signal);
    if (isNew) log.info({ data: place.dataDir }, 'a new database was made');
    keepRecord(home, place, record);
    ensureVaultKeys(place);
    const socketDir = openRuntimeDir(runtimeParents(place.user), place.dataDir, place.user);
    return { place, installation, isNew, socketDir, shape: writeConfig(place, installation, socketDir, options) };
  }

  return {
    get state() {
      return keeper?.state ?? 'stopped';
    },
    get reason() {
      return keeper?.reason;
    },
    get pid() {
      return keeper?.state === 'stopped' ? undefined : keeper?.pid;
    },
    async start(signal) {
      try {
        const { place, installation, isNew, socketDir, shape } = await prepare(signal);
        const fault = { dataDir: place.dataDir, port: settings.port };
        keeper = createServerKeeper({
          log,
          clock,
          stopTimeout: settings.stopTimeout,
          explain: (complaints) => explainFault(complaints, fault),
          shouldRetry: leftoversRemain,
          async launch(launchSignal) {
            await clearLeftovers(leftoverContext(place.dataDir), launchSignal);
            clearRuntimeDir(socketDir);
            return launchServer({
              program: installation.binaries.postgres,
              args: serverArguments(place.dataDir, shape),
              place,
              onLine: (line) => {
                const { severity, message, pid, user, database, fields } = line;
                const { detail, hint } = fields;
                log[levelOf(line)]({ postgres: { severity, pid, user, database, detail, hint } }, message);
                options.onMessage?.({ at: line.at ?? clock.now(), message, parsed: fields });
              },
            });
          },
        });
        await keeper.start(signal);
        runtimeDir = socketDir;
        return { socketDir, port: settings.port, isNew };
      } catch (error) {
        await this.stop();
        throw asStartupError(error, home);
      }
    },
    async stop() {
      await keeper?.stop();
      if (runtimeDir !== undefined) removeRuntimeDir(runtimeDir);
      runtimeDir = undefined;
      lock?.release();
      lock = undefined;
    },
  };
}

// Whatever the file system refuses on the way concerns the folder of the data.
function asStartupError(error: unknown, home: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof StartupError || !code || !syscall) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StartupError(`the disk of ${home} is full`, 'VOLUMES_DIR', error);
  return new StartupError(`cannot use ${home} (${code} at ${syscall})`, 'VOLUMES_DIR', error);
}

function keepRecord(home: string, place: ServerPlace, record: DatabaseRecord | undefined): void {
  const base = place.base === home ? '.' : place.base;
  if (record?.kind !== 'embedded') writeRecord(home, { kind: 'embedded', base });
}

function writeConfig(
  place: ServerPlace,
  installation: Installation,
  socketDir: string,
  { settings, socketOnly }: EmbeddedOptions,
): ServerShape {
  const folder = join(place.base, 'conf');
  makeFolder(folder);
  const shape: ServerShape = {
    major: installation.binaries.major,
    memory: memorySizes(settings.memory, availableMemory()),
    port: settings.port,
    listenAddress: socketOnly ? '' : loopback.test(settings.bindAddress) ? settings.bindAddress : '127.0.0.1',
    socketDir,
    maxConnections: settings.maxConnections,
    database: settings.database,
    preload: installation.preload,
    extensionPath: installation.extensionPath,
    configFile: join(folder, 'postgresql.conf'),
    hbaFile: join(folder, 'pg_hba.conf'),
    identFile: join(folder, 'pg_ident.conf'),
  };
  writeWhole(shape.configFile, renderServerConfig(shape));
  writeWhole(shape.hbaFile, renderHostRules());
  writeWhole(shape.identFile, renderIdentMap([currentUser().name, place.user.name]));
  return shape;
}

/** Bytes this process may use. */
function availableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(totalmem(), limit) : totalmem();
}

// The system's own folder first as root: nobody else can make anything there.
function runtimeParents(user: SystemUser): string[] {
  const candidates = process.getuid?.() === 0 ? ['/run', tmpdir(), '/tmp'] : [tmpdir(), '/tmp'];
  return [...new Set(candidates)].filter((parent) => canReach(parent, user));
}
