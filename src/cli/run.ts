import { StartupError } from '#kernel/errors';
import type { Channel } from '../app/workers/messages.ts';
import type { Command, CommandContext } from './command.ts';
import { configCommand } from './config.ts';
import { deliveriesCommand } from './deliveries.ts';
import { doctorCommand } from './doctor.ts';
import { functionsCommand } from './functions.ts';
import { genCommand } from './gen.ts';
import { healthCommand } from './health.ts';
import { initCommand } from './init.ts';
import { keysCommand } from './keys.ts';
import { outboxCommand } from './outbox.ts';
import { psqlCommand } from './psql.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { storageCommand } from './storage.ts';
import { usersCommand } from './users.ts';
import { vaultCommand } from './vault.ts';

const commands: readonly Command[] = [
  startCommand,
  initCommand,
  statusCommand,
  healthCommand,
  keysCommand,
  configCommand,
  doctorCommand,
  psqlCommand,
  storageCommand,
  vaultCommand,
  outboxCommand,
  deliveriesCommand,
  usersCommand,
  functionsCommand,
  genCommand,
];

/** What the process gives to the command line. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stopSignal: Promise<string>;
  /** Calls the listener on each such signal, which has its usual effect until then. */
  readonly onSignal: (signal: NodeJS.Signals, listener: () => void) => void;
  /** In a worker: the way to the primary that started it. */
  readonly channel?: Channel;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs a command line. @returns the exit code: 0 done, 1 failed, 2 not understood */
export async function runCommandLine(line: CommandLine): Promise<number> {
  const parsed = parse(line.argv);
  if ('problem' in parsed) {
    line.err(`${parsed.problem}\n\n${usage()}`);
    return 2;
  }
  const command = commands.find(({ name }) => name === (parsed.name ?? 'help'));
  if (!command) {
    const wanted = parsed.name === undefined || parsed.name === 'help';
    (wanted ? line.out : line.err)(wanted ? usage() : `there is no command ${parsed.name}\n\n${usage()}`);
    return wanted ? 0 : 2;
  }
  if (parsed.help) {
    line.out(command.help);
    return 0;
  }
  const context: CommandContext = {
    input: {
      env: line.env,
      cwd: line.cwd,
      envFiles: parsed.envFiles,
      ...(parsed.restConfig !== undefined && { restConfig: parsed.restConfig }),
    },
    args: parsed.rest,
    json: parsed.json,
    out: line.out,
    err: line.err,
    now: () => Date.now(),
    stopSignal: line.stopSignal,
    onSignal: line.onSignal,
    ...(line.channel && { channel: line.channel }),
  };
  try {
    return await command.run(context);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    line.err(parsed.json ? JSON.stringify({ error: error.message }) : error.message);
    return 1;
  }
}

interface Parsed {
  readonly name: string | undefined;
  readonly rest: readonly string[];
  readonly envFiles: readonly string[];
  readonly restConfig: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

// Global flags may stand anywhere before `--`; what follows belongs to the subcommand untouched.
function parse(argv: readonly string[]): Parsed | { readonly problem: string } {
  const rest: string[] = [];
  const envFiles: string[] = [];
  let restConfig: string | undefined;
  let json = false;
  let help = false;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] as string;
    if (argument === '--') {
      rest.push(...argv.slice(index + 1));
      break;
    }
    if (argument === '--json') json = true;
    else if (argument === '--help' || argument === '-h') help = true;
    else if (argument === '--env-file') {
      const file = argv[++index];
      if (file === undefined) return { problem: '--env-file needs a file' };
      envFiles.push(file);
    } else if (argument.startsWith('--env-file=')) envFiles.push(argument.slice('--env-file='.length));
    else if (argument === '--rest-config') {
      restConfig = argv[++index];
      if (restConfig === undefined) return { problem: '--rest-config needs a file' };
    } else if (argument.startsWith('--rest-config=')) restConfig = argument.slice('--rest-config='.length);
    else rest.push(argument);
  }
  const [name, ...others] = rest;
  return { name, rest: others, envFiles, restConfig, json, help: help && name !== undefined };
}

function usage(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'usage: pmoves-supabase <command> [--env-file FILE]… [--rest-config FILE] [--json] [--help]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
  ].join('\n');
}
