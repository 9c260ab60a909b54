import { type Bus, createLocalBus, createNatsBus } from '#kernel/bus';
import type { Logger } from '#kernel/log';
import type { LoadedSettings } from './load-settings.ts';
import type { Share } from './wiring.ts';

/** The bus of a stack, with the life it has of its own. */
export interface OpenedBus {
  readonly bus: Bus;
  start(): void;
  stop(): Promise<void>;
}

/** NATS where it is set, else the one between workers, else that of this process alone. */
export function openBus(settings: LoadedSettings, log: Logger, share: Share): OpenedBus {
  const local = createLocalBus((error, subject) => log.error({ err: error, subject }, 'a bus handler failed'));
  const { natsUrl, natsPrefix } = settings.stack;
  if (natsUrl.length > 0) {
    const bus = createNatsBus({
      servers: natsUrl,
      prefix: natsPrefix,
      local,
      onState: (state, error) =>
        state === 'connected'
          ? log.info({}, 'connected to NATS')
          : log.warn({ err: error }, 'no connection to NATS: this node is alone until there is one'),
    });
    return { bus, start: () => bus.start(), stop: () => bus.stop() };
  }
  const bus = share.kind === 'worker' ? share.link.bus(local) : local;
  return { bus, start() {}, async stop() {} };
}
