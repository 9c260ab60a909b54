import { constants } from 'node:os';
import { boolean, duration, integer, string } from '#kernel/config';

const signals: Readonly<Record<string, number>> = constants.signals;

/** Signals that may ask for changed settings: those that neither end nor stop a program, nor tell of a fault in it. */
const reloadSignals = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGURG', 'SIGWINCH', 'SIGIO', 'SIGPWR'] as const;

/** The name of a signal that may ask for changed settings, by its number on this system. */
export function reloadSignalName(number: number): (typeof reloadSignals)[number] | undefined {
  return reloadSignals.find((name) => signals[name] === number);
}

function signalNumber(): ReturnType<typeof integer<{ name: string; default: number; help: string }>> {
  const setting = integer({
    name: 'GOTRUE_RELOADING_SIGNAL_NUMBER',
    default: constants.signals.SIGUSR1,
    help: `Number of that signal; 10 is SIGUSR1 on Linux. One of ${reloadSignals.join(', ')}.`,
  });
  return {
    ...setting,
    atStart: true,
    parse(text) {
      const number = setting.parse(text);
      if (reloadSignalName(number) === undefined) throw new Error(`must be the number of ${reloadSignals.join(', ')}`);
      return number;
    },
  };
}

/** Settings by which others change while the program runs; they themselves count from its start on. */
export const reloadingSettings = {
  configDir: string({
    name: 'STACK_AUTH_CONFIG_DIR',
    atStart: true,
    help: "Folder whose *.env files (in the order of their names) are stronger than the environment for auth alone, and count anew when they change; the original's --config-dir.",
  }),
  reloadNotify: boolean({
    name: 'GOTRUE_RELOADING_NOTIFY_ENABLED',
    atStart: true,
    default: true,
    help: 'Let the file system tell of changes in STACK_AUTH_CONFIG_DIR.',
  }),
  reloadPoller: boolean({
    name: 'GOTRUE_RELOADING_POLLER_ENABLED',
    atStart: true,
    original: ['GOTRUE_RELOADING_POLLERENABLED'],
    default: false,
    help: 'Look for changes besides, for file systems that tell of none.',
  }),
  reloadPollInterval: duration({
    name: 'GOTRUE_RELOADING_POLLER_INTERVAL',
    atStart: true,
    default: 10_000,
    min: 100,
    help: 'Time from one look to the next.',
  }),
  reloadSignal: boolean({
    name: 'GOTRUE_RELOADING_SIGNAL_ENABLED',
    atStart: true,
    default: false,
    help: 'A signal makes auth read its settings in STACK_AUTH_CONFIG_DIR, and the files its secrets stand in, at once.',
  }),
  reloadSignalNumber: signalNumber(),
  reloadGrace: duration({
    name: 'GOTRUE_RELOADING_GRACE_PERIOD_INTERVAL',
    atStart: true,
    default: 5_000,
    min: 10,
    help: 'Time without a further change until changes count, so that several written together count once.',
  }),
};
