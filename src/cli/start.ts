import { performance } from 'node:perf_hooks';
import { createLogBus, createLogger, createRedactor } from '#kernel/log';
import type { LoadedSettings } from '../app/load-settings.ts';
import { checkRoleKeys, checkSecrets, prepare } from '../app/prepare.ts';
import { forgetRunFile, writeRunFile } from '../app/run-file.ts';
import { secretTexts } from '../app/secret-texts.ts';
import { createStack } from '../app/stack.ts';
import { ignoredComposeFiles } from '../app/warnings.ts';
import type { Share } from '../app/wiring.ts';
import { banner } from './banner.ts';
import type { Command, CommandContext } from './command.ts';
import { configuredTypes } from './gen.ts';
import { heedRestSignals, heedSettingsSignal } from './signals.ts';
import { runWorker, type StackLog } from './worker.ts';

/** `start`: brings the stack up and serves until a signal comes. */
export const startCommand: Command = {
  name: 'start',
  summary: 'start everything and serve until SIGINT or SIGTERM',
  help: `usage: pmoves-supabase start [--env-file FILE]… [--rest-config FILE] [--json]

Makes what is missing (secrets in .env, data under volumes/), starts the database and the services, prints where they
are, and serves. SIGINT or SIGTERM lets requests in flight finish (STACK_DRAIN_TIMEOUT); a second signal ends at once.
SIGUSR1 makes rest read the schema again, SIGUSR2 its configuration, and the signal of GOTRUE_RELOADING_SIGNAL_NUMBER,
where it is on, settings that may change. --rest-config names a configuration file of
PostgREST's own format; the environment and env files are stronger.
--json prints the addresses as one JSON line instead of the banner.`,

  async run(context) {
    if (context.channel) return runWorker(context, context.channel, createStackLog);
    const started = performance.now();
    const seconds = Math.floor(context.now() / 1_000);
    const preparation = await prepare(context.input, seconds);
    const { settings } = preparation;
    const types = await configuredTypes(settings);
    if (types !== undefined) {
      context.out(types);
      return 0;
    }
    const warnings = [
      ...settings.warnings,
      ...checkSecrets(settings),
      ...(await checkRoleKeys(settings, seconds)),
      ...ignoredComposeFiles(settings),
    ];
    const { log, logs, hide } = createStackLog(settings);
    for (const warning of warnings) log.warn({ room: 'stack' }, warning);

    const stack = createStack(settings, log, shareOf(context, settings), hide, logs);
    heedRestSignals(context, stack.reload);
    heedSettingsSignal(context, settings, stack.reload);
    let stopping = false;
    const stopOnSignal = context.stopSignal.then(async (signal) => {
      stopping = true;
      log.info({ signal }, 'stopping');
      forgetRunFile(settings);
      await stack.stop();
      log.info({}, 'stopped');
    });
    try {
      await stack.start();
    } catch (error) {
      if (!stopping) throw error;
      await stopOnSignal;
      return 0;
    }
    if (stopping) {
      await stopOnSignal;
      return 0;
    }
    const info = stack.info();
    writeRunFile(settings, info);
    const elapsed = performance.now() - started;
    context.out(
      context.json ? JSON.stringify({ ...info, ms: Math.round(elapsed) }) : banner(preparation, info, elapsed),
    );
    await stopOnSignal;
    return 0;
  },
};

function shareOf({ input }: CommandContext, { stack: { workers } }: LoadedSettings): Share {
  if (workers === 1) return { kind: 'whole' };
  const argv = ['start', ...input.envFiles.flatMap((file) => ['--env-file', file])];
  if (input.restConfig !== undefined) argv.push('--rest-config', input.restConfig);
  return { kind: 'primary', argv, env: input.env };
}

function createStackLog(settings: LoadedSettings): StackLog {
  const redact = createRedactor(settings.effective.flatMap(({ setting, value }) => secretTexts(setting, value)));
  const level = settings.stack.logLevel;
  const { hide } = redact;
  // Without the room that hands them on, nobody would ever take what is told.
  if (!settings.stack.logsEnabled || !settings.rooms.has('vector'))
    return { log: createLogger({ level, redact }), logs: undefined, hide };
  const logs = createLogBus(redact);
  return { log: createLogger({ level, redact, tap: (text) => logs.emit({ kind: 'line', text }) }), logs, hide };
}
