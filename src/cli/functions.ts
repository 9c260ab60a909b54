import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnvFile } from '#kernel/config';
import { ServiceError, StartupError } from '#kernel/errors';
import { systemClock } from '#kernel/lifecycle';
import { type FunctionsProject, openFunctionsProject } from '#services/functions';
import { functionsPorts } from '../app/functions-room.ts';
import { assertUsable, type LoadedSettings, loadSettings } from '../app/load-settings.ts';
import { readRunFile } from '../app/run-file.ts';
import { type Command, type CommandContext, print } from './command.ts';
import { askFunctions } from './functions-management.ts';
import { manageTriggers, triggersUsage } from './functions-triggers.ts';
import { startCommand } from './start.ts';

/** `functions`: makes, serves and manages functions. */
export const functionsCommand: Command = {
  name: 'functions',
  summary: 'new, serve, deploy, delete, list, logs, secrets, triggers, cache and bundle functions',
  help: `usage: pmoves-supabase functions new NAME
       pmoves-supabase functions serve
       pmoves-supabase functions deploy FOLDER [--name NAME] [--verify-jwt | --no-verify-jwt]
       pmoves-supabase functions delete NAME
       pmoves-supabase functions list
       pmoves-supabase functions logs [NAME] [--follow]
       pmoves-supabase functions secrets list | set NAME=VALUE… [--from FILE] | unset NAME…
       pmoves-supabase ${triggersUsage}
       pmoves-supabase functions cache [NAME…]
       pmoves-supabase functions bundle NAME [--output FILE]

new      makes the folder of a function
serve    follows the logs of the running stack, or serves functions alone on port 9000; saving a file is enough to change them
deploy   copies a folder into the functions of this stack; _shared and other folders that are no functions likewise
secrets  variables of all functions, kept sealed; a running stack hands them out at once
triggers requests that functions get at certain times, and for changes of tables and objects of the running stack
cache    fetches what functions import, so that they start without a network
bundle   writes a function with all it imports into one file`,

  async run(context) {
    const [action = '', ...args] = context.args;
    const run = actions[action];
    if (run === undefined) {
      context.err(functionsCommand.help);
      return 2;
    }
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const ports = functionsPorts(settings, () => readRunFile(settings)?.url ?? '');
    const project = openFunctionsProject(settings.functions, ports, systemClock, context.err);
    try {
      return await run({ context, settings, project, args });
    } catch (error) {
      throw error instanceof ServiceError ? new StartupError(error.message, undefined, error) : error;
    }
  },
};

interface Action {
  readonly context: CommandContext;
  readonly settings: LoadedSettings;
  readonly project: FunctionsProject;
  readonly args: readonly string[];
}

const actions: Readonly<Record<string, (action: Action) => Promise<number> | number>> = {
  new({ context, project, args: [name] }) {
    if (name === undefined) return notUnderstood(context);
    const folder = project.create(name);
    print(context, { folder }, () => `made ${folder}`);
    return 0;
  },
  async list({ context, project }) {
    const functions = await project.list();
    print(context, functions, () =>
      functions.length === 0
        ? `no functions in ${project.folder}`
        : functions
            .map(
              ({ slug, version, verify_jwt: verify, status }) =>
                `${slug}\tversion ${version}\t${verify ? 'token required' : 'open'}\t${status}`,
            )
            .join('\n'),
    );
    return 0;
  },
  async deploy({ context, project, args }) {
    const [source] = args;
    if (source === undefined || source.startsWith('--')) return notUnderstood(context);
    const name = optionOf(args, '--name');
    const verifyJwt = args.includes('--verify-jwt') ? true : args.includes('--no-verify-jwt') ? false : undefined;
    const folder = await project.deploy(resolve(context.input.cwd, source), {
      ...(name !== undefined && { name }),
      ...(verifyJwt !== undefined && { verifyJwt }),
    });
    print(context, { folder }, () => `deployed to ${folder}`);
    return 0;
  },
  async delete({ context, project, args: [name] }) {
    if (name === undefined) return notUnderstood(context);
    await project.remove(name);
    print(context, { deleted: name }, () => `deleted ${name}`);
    return 0;
  },
  secrets: manageSecrets,
  async cache({ context, project, args }) {
    const names = args.length > 0 ? args : (await project.list()).map(({ slug }) => slug);
    for (const name of names) {
      await tool(() => project.cache(name));
      if (!context.json) context.out(`cached ${name}`);
    }
    if (context.json) context.out(JSON.stringify({ cached: names }));
    return 0;
  },
  async bundle({ context, project, args }) {
    const [name] = args;
    if (name === undefined || name.startsWith('--')) return notUnderstood(context);
    const target = resolve(context.input.cwd, optionOf(args, '--output') ?? `${name}.js`);
    await tool(() => project.bundle(name, target));
    print(context, { file: target }, () => `wrote ${target}`);
    return 0;
  },
  async triggers({ context, settings, args }) {
    return (await manageTriggers(context, settings, args)) ?? notUnderstood(context);
  },
  logs: ({ context, settings, args }) => showLogs(context, settings, args),
  async serve({ context, settings }) {
    if (readRunFile(settings)) return showLogs(context, settings, ['--follow']);
    const input = { ...context.input, env: { ...context.input.env, SERVICES: 'functions' } };
    return startCommand.run({ ...context, input });
  },
};

function notUnderstood(context: CommandContext): number {
  context.err(functionsCommand.help);
  return 2;
}

function optionOf(args: readonly string[], name: string): string | undefined {
  const index = args.indexOf(name);
  return index < 0 ? undefined : args[index + 1];
}

/** What Deno says is what the operator has to read. */
async function tool(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new StartupError((error as Error).message, undefined, error);
  }
}

function manageSecrets({ context, project, args: [action, ...rest] }: Action): number {
  const { secrets } = project;
  if (action === 'list') {
    const list = secrets.list();
    print(context, list, () => list.map(({ name, value }) => `${name}\t${value}`).join('\n'));
    return 0;
  }
  if (action === 'unset' && rest.length > 0) {
    const gone = secrets.unset(rest);
    print(context, { unset: gone }, () => `${gone.length} unset`);
    return 0;
  }
  if (action === 'set' && rest.length > 0) {
    const given = pairsOf(context, rest);
    secrets.set(given);
    print(context, { set: given.map(({ name }) => name) }, () => `${given.length} set`);
    return 0;
  }
  return notUnderstood(context);
}

function pairsOf(context: CommandContext, args: readonly string[]): { name: string; value: string }[] {
  const file = optionOf(args, '--from');
  const pairs: { name: string; value: string }[] = [];
  if (file !== undefined) {
    const text = readFileSync(resolve(context.input.cwd, file), 'utf8');
    for (const [name, { value }] of parseEnvFile(file, text, () => undefined).entries) pairs.push({ name, value });
  }
  for (const [index, argument] of args.entries()) {
    if (argument === '--from' || args[index - 1] === '--from') continue;
    const at = argument.indexOf('=');
    if (at < 1) throw new StartupError(`${argument} is not NAME=VALUE`);
    pairs.push({ name: argument.slice(0, at), value: argument.slice(at + 1) });
  }
  return pairs;
}

interface LogEntry {
  readonly sequence: number;
  readonly timestamp: number;
  readonly function: string;
  readonly level: string;
  readonly event_message: string;
}

/** Milliseconds between looks at the logs. */
const followInterval = 500;

async function showLogs(context: CommandContext, settings: LoadedSettings, args: readonly string[]): Promise<number> {
  const name = args.find((argument) => !argument.startsWith('--'));
  const follow = args.includes('--follow');
  const path = name === undefined ? 'functions-logs' : `functions/${encodeURIComponent(name)}/logs`;
  let isStopped = false;
  void context.stopSignal.then(() => {
    isStopped = true;
  });
  let after = 0;
  do {
    const entries = (await askFunctions(settings, 'GET', `${path}?after=${after}&limit=1000`)) as LogEntry[];
    for (const entry of entries)
      context.out(
        context.json
          ? JSON.stringify(entry)
          : `${new Date(entry.timestamp).toISOString()} ${entry.function} ${entry.level} ${entry.event_message}`,
      );
    after = entries.at(-1)?.sequence ?? after;
    if (follow) await Promise.race([sleep(followInterval), context.stopSignal]);
  } while (follow && !isStopped);
  return 0;
}
