import type { SettingsInput } from '../app/load-settings.ts';
import type { Channel } from '../app/workers/messages.ts';

/** What a subcommand is given. */
export interface CommandContext {
  readonly input: SettingsInput;
  /** Arguments after the subcommand's name, without the global flags. */
  readonly args: readonly string[];
  readonly json: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Fulfilled with the signal's name on the first SIGINT or SIGTERM. */
  readonly stopSignal: Promise<string>;
  /** Calls the listener on each such signal, which has its usual effect until then. */
  readonly onSignal: (signal: NodeJS.Signals, listener: () => void) => void;
  /** In a worker: the way to the primary that started it. */
  readonly channel?: Channel;
}

/** One subcommand, one file. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The text of `--help`. */
  readonly help: string;
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>;
}

/** Prints a value as JSON when `--json` was given, else as text. */
export function print(context: CommandContext, value: unknown, text: () => string): void {
  context.out(context.json ? JSON.stringify(value, null, 2) : text());
}
