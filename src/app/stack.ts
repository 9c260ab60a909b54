import { createSupervisor, type Mount, type SupervisedRoom } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { Reload } from '#services/rest';
import type { LoadedSettings } from './load-settings.ts';
import { openBus } from './open-bus.ts';
import type { StackHealth, StackInfo } from './stack-info.ts';
import { type Share, wireRooms } from './wiring.ts';

/** A whole installation. It is an object like any other: several live side by side in one process. */
export interface Stack {
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): Promise<StackHealth>;
  info(): StackInfo;
  /** Makes rest read its schema or its configuration again, in whichever process it runs. */
  reloadRest(what: Reload): void;
}

/**
 * Creates a stack; nothing runs before `start`.
 *
 * @param share the part of it that this process runs, default all
 */
export function createStack(settings: LoadedSettings, log: Logger, share: Share = { kind: 'whole' }): Stack {
  const opened = openBus(settings, log, share);
  const mounts = new Map<string, Mount>();
  const rooms: SupervisedRoom[] = [];
  const wired = wireRooms({
    settings,
    share,
    log,
    bus: opened.bus,
    mount: (name) => mounts.get(name),
    health: () => health(),
  });
  for (const entry of wired.rooms) {
    rooms.push(entry);
    for (const mount of entry.room.mounts) mounts.set(mount.name, mount);
  }
  const running = createSupervisor({
    rooms,
    log,
    retry: { first: settings.stack.retryFirst, longest: settings.stack.retryLongest },
  });
  const health = async (): Promise<StackHealth> => ({
    ...visible(await running.health()),
    ...(await wired.healthElsewhere()),
  });
  return {
    start() {
      opened.start();
      return running.start();
    },
    async stop() {
      await running.stop();
      await opened.stop();
    },
    health,
    reloadRest: (what) => wired.reloadRest(what),
    info: () => ({ url: wired.url(), mail: wired.mail(), database: wired.database() }),
  };
}

// The steps in the start order that are no services show only when something is wrong with them, and do not count.
function visible(report: StackHealth): StackHealth {
  const isStep = (name: string) => name === 'project' || name === 'background';
  return Object.fromEntries(
    Object.entries(report)
      .filter(([name, { status }]) => !isStep(name) || status === 'unhealthy')
      .map(([name, entry]) => [name, isStep(name) ? { ...entry, required: false } : entry]),
  );
}
