import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { probeMailServer } from '#services/auth';
import { type LoadedSettings, loadSettings } from '../app/load-settings.ts';
import { isFree } from '../app/ports.ts';
import { checkRoleKeys, checkSecrets, givenSetting } from '../app/prepare.ts';
import { readRunFile } from '../app/run-file.ts';
import { volumesOf } from '../app/volumes.ts';
import { type Command, type CommandContext, print } from './command.ts';
import { fetchHealth } from './remote-health.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

const leastFree = 1024 ** 3;

/** `doctor`: looks for what keeps an installation from running well. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'check settings, keys, ports, data directory, disk and database',
  help: `usage: pmoves-supabase doctor [--json]
       pmoves-supabase doctor smtp you@example.org [--json]

Checks settings, secrets, keys against the JWT secret, ports, data directory, disk space, Node version, and, when the
stack runs, its services and the version of PostgreSQL. Exit code 1 when a check fails.
smtp  sends a test mail by the mail settings and says which step fails: dns, connect, tls, auth, sender, recipient`,

  async run(context) {
    const settings = loadSettings(context.input);
    if (context.args[0] === 'smtp') return tryMail(context, settings);
    const findings: Finding[] = [];
    const add = (check: string, problems: readonly string[], fine: string) =>
      findings.push({ check, ok: problems.length === 0, detail: problems.length === 0 ? fine : problems.join('; ') });

    add(
      'settings',
      settings.problems.map(({ line, message }) => `${line} ${message}`),
      'all values are usable',
    );
    add('secrets', secretProblems(settings), 'none is a demo value or too short');
    add('keys', await checkRoleKeys(settings, Math.floor(context.now() / 1_000)), 'the role keys fit the JWT secret');
    add('node', nodeProblems(), `version ${process.versions.node}`);
    const run = readRunFile(settings);
    if (!run) add('ports', await portProblems(settings), 'free');
    add('data', dataProblems(volumesOf(settings)), volumesOf(settings));
    add('disk', diskProblems(volumesOf(settings)), 'at least 1 GiB is free');
    if (run) {
      const health = await fetchHealth(run.url);
      const sick = Object.entries(health?.services ?? {}).filter(([, { status }]) => status !== 'healthy');
      add(
        'services',
        health ? sick.map(([name, { status }]) => `${name} is ${status}`) : [`nothing answers at ${run.url}`],
        'all are healthy',
      );
      const version = (health?.services.db as { detail?: { version?: string } } | undefined)?.detail?.version;
      add('postgres', version ? [] : ['the database does not tell its version'], `version ${version}`);
    }
    return report(context, findings);
  },
};

function report(context: CommandContext, findings: readonly Finding[]): number {
  const ok = findings.every((finding) => finding.ok);
  print(context, { ok, findings }, () =>
    findings.map(({ check, ok: fine, detail }) => `${fine ? 'ok  ' : 'FAIL'}  ${check.padEnd(9)} ${detail}`).join('\n'),
  );
  return ok ? 0 : 1;
}

async function tryMail(context: CommandContext, settings: LoadedSettings): Promise<number> {
  const recipient = context.args[1];
  if (recipient === undefined || !/^[^\s<>@,;]+@[^\s<>@,;]+$/.test(recipient)) {
    context.err('usage: pmoves-supabase doctor smtp you@example.org');
    return 2;
  }
  const steps = await probeMailServer(settings.auth, recipient);
  return report(
    context,
    steps.map(({ step, ok, detail }) => ({ check: step, ok, detail })),
  );
}

function secretProblems(settings: LoadedSettings): string[] {
  try {
    return checkSecrets(settings);
  } catch (error) {
    return [(error as Error).message];
  }
}

function nodeProblems(): string[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19)
    ? []
    : [`Node ${process.versions.node} is too old; 20.19 is the least`];
}

async function portProblems(settings: LoadedSettings): Promise<string[]> {
  const ports: [string, number][] = [['KONG_HTTP_PORT', settings.gateway.httpPort]];
  if (givenSetting(settings, 'POSTGRES_HOST') === undefined) ports.push(['POSTGRES_PORT', settings.db.port]);
  const problems: string[] = [];
  for (const [name, port] of ports)
    if (!(await isFree(port, settings.stack.bindAddress))) problems.push(`${name} ${port} is taken`);
  return problems;
}

function existingParent(path: string): string {
  return existsSync(path) ? path : existingParent(dirname(path));
}

function dataProblems(volumes: string): string[] {
  try {
    accessSync(existingParent(volumes), constants.R_OK | constants.W_OK);
    return [];
  } catch {
    return [`${volumes} cannot be written; change VOLUMES_DIR`];
  }
}

function diskProblems(volumes: string): string[] {
  const { bavail, bsize } = statfsSync(existingParent(volumes));
  const free = bavail * bsize;
  return free >= leastFree ? [] : [`only ${Math.round(free / 1024 ** 2)} MiB are free for ${volumes}`];
}
