import type { LogBus, Logger, Redactor } from '#kernel/log';
import { assertUsable, type LoadedSettings, loadSettings } from '../app/load-settings.ts';
import { createStack, type Stack } from '../app/stack.ts';
import type { StackReload } from '../app/stack-info.ts';
import { linkToPrimary } from '../app/workers/link.ts';
import type { Channel } from '../app/workers/messages.ts';
import type { CommandContext } from './command.ts';
import { heedRestSignals } from './signals.ts';

/** The log of a stack. */
export interface StackLog {
  readonly log: Logger;
  /** Where what happens is told; undefined where nobody keeps logs. */
  readonly logs: LogBus | undefined;
  /** Keeps secrets that come to be known later out of it. */
  readonly hide: Redactor['hide'];
}

/**
 * `start` in a process that a primary started: serves requests until the primary or a signal says stop.
 *
 * @param createLog makes the log of a stack with these settings
 * @returns the exit code
 */
export async function runWorker(
  context: CommandContext,
  channel: Channel,
  createLog: (settings: LoadedSettings) => StackLog,
): Promise<number> {
  const settings = loadSettings(context.input);
  assertUsable(settings);
  const { log, logs, hide } = createLog(settings);
  let stack: Stack | undefined;
  let toldToStop = (): void => {};
  const stop = Promise.race([context.stopSignal, new Promise<void>((resolve) => (toldToStop = resolve))]);
  const reload = (what: StackReload): void => stack?.reload(what);
  heedRestSignals(context, reload);
  const link = await linkToPrimary(channel, {
    health: async () => (await stack?.health()) ?? {},
    metrics: async () => (await stack?.metrics()) ?? [],
    stop: toldToStop,
    reload,
    applySettings: async () => stack?.applySettings(),
  });
  stack = createStack(settings, log, { kind: 'worker', link }, hide, logs);
  try {
    await stack.start();
  } catch (error) {
    channel.send({ kind: 'failed', message: (error as Error).message });
    return 1;
  }
  channel.send({ kind: 'serving', url: stack.info().url });
  await stop;
  await stack.stop();
  return 0;
}
