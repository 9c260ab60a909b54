import { join, resolve } from 'node:path';
import type { Health, Room, RoomDefinition } from '#kernel/lifecycle';
import type { Logger, LogRecord } from '#kernel/log';
import { bufferOf, chooseSinks } from './core/choose-sinks.ts';
import { createDelivery, type Delivery } from './core/deliver/delivery.ts';
import { createIntake, type Intake } from './core/intake.ts';
import { metricFamilies } from './core/metric-families.ts';
import { parseJsonLog } from './core/postgres-log/jsonlog.ts';
import { createTail, type Tail } from './core/postgres-log/tail.ts';
import { shapeEntry } from './core/shape/entries.ts';
import { createRecordMaker } from './core/shape/shaper.ts';
import { readEvents } from './core/take-in.ts';
import type { VectorPorts } from './ports.ts';
import { createHandler } from './routes/handler.ts';
import type { VectorSettings } from './settings.ts';

/** What the vector room is made of. */
export interface VectorDeps extends VectorPorts {
  readonly settings: VectorSettings;
  readonly log: Logger;
}

/** Log forwarding: from everything that tells something to everything that keeps it. */
export const vectorRoom: RoomDefinition<VectorDeps, undefined> = { name: 'vector', create };

/** Milliseconds that sinks have when the room stops. */
const stopPatience = 2_000;
/** Milliseconds between looks at a server's log. */
const tailInterval = 500;

function create(deps: VectorDeps): Room<undefined> {
  const { settings, log, bus, cwd } = deps;
  const folder = settings.bufferFolder === undefined ? deps.defaultFolder : resolve(cwd, settings.bufferFolder);
  const make = createRecordMaker(bus?.redact);
  let deliveries: readonly Delivery[] = [];
  let running = false;

  const forward = (records: readonly LogRecord[]): void => {
    for (const delivery of deliveries) delivery.push(records);
  };
  const intake: Intake | undefined =
    bus &&
    createIntake({
      bus,
      flushInterval: settings.flushInterval,
      limit: settings.intakeEvents,
      requestRate: settings.requestRate,
      forward,
      now: Date.now,
    });
  const tail: Tail | undefined =
    settings.postgresLog === undefined
      ? undefined
      : createTail({
          folder: resolve(cwd, settings.postgresLog),
          positionFile: join(folder, 'postgres-log.json'),
          interval: tailInterval,
          log,
          onLine(line) {
            const message = parseJsonLog(line);
            const shaped = message && shapeEntry(message);
            if (shaped) forward([make(shaped)]);
          },
        });

  const handle = createHandler({
    log,
    isRunning: () => running,
    ...(settings.httpSource &&
      settings.accessToken && {
        source: {
          key: settings.accessToken,
          bodyLimit: settings.bodyLimit,
          read: (text) => readEvents(text, make, Date.now()),
          async take(records) {
            await Promise.all(deliveries.map((delivery) => delivery.pushSafely(records)));
          },
        },
      }),
  });

  function openDeliveries(): Delivery[] {
    const { bufferMemory: memory, bufferDisk, batchEvents, retryFirst, retryLongest } = settings;
    const wanted = new Set(settings.sources);
    return chooseSinks(settings, deps).map(({ sink, filtered }) =>
      createDelivery({
        sink,
        log,
        accepts: filtered && wanted.size > 0 ? (source) => wanted.has(source) : undefined,
        batchEvents,
        memory,
        disk: { folder: bufferOf(folder, sink.name), bytes: bufferDisk },
        retry: { first: retryFirst, longest: retryLongest },
      }),
    );
  }

  return {
    mounts: [{ name: 'vector', handle }],
    api: undefined,
    async start() {
      deliveries = openDeliveries();
      await Promise.all(deliveries.map((delivery) => delivery.start()));
      await tail?.start();
      // Nobody to tell: what is emitted must not pile up.
      if (deliveries.length > 0) intake?.start();
      else bus?.listen(() => {});
      running = true;
    },
    async stop() {
      running = false;
      await tail?.stop();
      await intake?.stop();
      await Promise.all(deliveries.map((delivery) => delivery.stop(stopPatience)));
      deliveries = [];
    },
    health: () => (running ? report(deliveries, intake) : { status: 'starting' }),
    metrics: () => (running ? metricFamilies(deliveries, intake) : []),
  };
}

// A sink that fails is somebody else's trouble as long as nothing is lost.
function report(deliveries: readonly Delivery[], intake: Intake | undefined): Health {
  const sinks = Object.fromEntries(
    deliveries.map(({ name, figures }) => [name, { ...figures, failure: figures.failure !== undefined }]),
  );
  const losing = deliveries.find(({ figures }) => figures.failure !== undefined && figures.dropped > 0);
  return {
    status: losing ? 'unhealthy' : 'healthy',
    detail: { ...(losing && { reason: `sink ${losing.name} takes no events` }), ...intake?.figures, sinks },
  };
}
