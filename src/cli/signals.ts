import { reloadSignalName } from '#services/auth';
import type { LoadedSettings } from '../app/load-settings.ts';
import type { StackReload } from '../app/stack-info.ts';
import type { CommandContext } from './command.ts';

// Unless somebody listens, the first starts Node's debugger and the second ends the process.
const restSignals = [
  ['SIGUSR1', 'schema'],
  ['SIGUSR2', 'config'],
] as const;

/** Makes rest read its schema again on SIGUSR1, and its configuration on SIGUSR2. */
export function heedRestSignals({ onSignal }: CommandContext, reload: (what: StackReload) => void): void {
  for (const [signal, what] of restSignals) onSignal(signal, () => reload(what));
}

/** Makes settings be read again on the signal they name, if they name one. */
export function heedSettingsSignal(
  { onSignal }: CommandContext,
  { rooms, auth }: LoadedSettings,
  reload: (what: StackReload) => void,
): void {
  const signal = reloadSignalName(auth.reloadSignalNumber);
  if (rooms.has('auth') && auth.reloadSignal && signal) onSignal(signal, () => reload('settings'));
}
