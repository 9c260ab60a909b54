import { createSupervisor, type Mount, type SupervisedRoom } from '#kernel/lifecycle';
import type { LogBus, Logger, Redactor } from '#kernel/log';
import { type MetricFamily, mergeFamilies } from '#kernel/metrics';
import type { LoadedSettings } from './load-settings.ts';
import { collectMetrics, openMetricsSender } from './metrics.ts';
import { openBus } from './open-bus.ts';
import { openTracing } from './open-tracing.ts';
import type { RoomName } from './settings.ts';
import type { StackHealth, StackInfo, StackReload } from './stack-info.ts';
import { type Share, wireRooms } from './wiring.ts';

/** A whole installation. It is an object like any other: several live side by side in one process. */
export interface Stack {
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): Promise<StackHealth>;
  /** What the rooms of this process count, and the process itself. */
  metrics(): Promise<readonly MetricFamily[]>;
  info(): StackInfo;
  /** Makes settings that have changed count. @throws Error saying what is wrong with them; those before stay in force */
  applySettings(): Promise<void>;
  /** Makes a room read something again, in whichever process it runs. */
  reload(what: StackReload): void;
  /**
   * Puts a room with other settings in the place of the one that serves in this process; no request is lost. Fulfilled
   * once the new one serves.
   *
   * @throws what kept it from starting, and the room in place goes on; Error for a room that cannot be replaced
   */
  replaceRoom(name: RoomName, settings: LoadedSettings): Promise<void>;
}

/**
 * Creates a stack; nothing runs before `start`.
 *
 * @param share the part of it that this process runs, default all
 * @param hide keeps secrets that come to be known later out of the log
 * @param logs where what happens is told; undefined: nowhere
 */
export function createStack(
  settings: LoadedSettings,
  log: Logger,
  share: Share = { kind: 'whole' },
  hide: Redactor['hide'] = () => () => {},
  logs?: LogBus,
): Stack {
  const opened = openBus(settings, log, share);
  const tracing = openTracing(settings.stack, log);
  const mounts = new Map<string, Mount>();
  const rooms: SupervisedRoom[] = [];
  const wired = wireRooms({
    settings,
    share,
    log,
    logs,
    bus: opened.bus,
    hide,
    tracer: tracing.tracer,
    mount: (name) => mounts.get(name),
    health: () => health(),
    metrics: async () => mergeFamilies([...(await metricsHere()), ...(await wired.metricsElsewhere())]),
  });
  for (const entry of wired.rooms) {
    rooms.push(entry);
    for (const mount of entry.room.mounts) mounts.set(mount.name, wired.observed(mount));
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
  const metricsHere = () => collectMetrics(rooms, running.health);
  const sender = openMetricsSender(settings, metricsHere, log);
  return {
    async start() {
      opened.start();
      await tracing.start();
      await running.start();
      wired.settingsReload.start();
      sender?.start();
    },
    async stop() {
      wired.settingsReload.stop();
      await sender?.stop();
      await running.stop();
      wired.flushLogs();
      await opened.stop();
      await tracing.stop();
    },
    health,
    metrics: metricsHere,
    reload: (what) => wired.reload(what),
    applySettings: () => wired.settingsReload.apply(),
    replaceRoom: (name, changed) => wired.replaceRoom(name, changed),
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
