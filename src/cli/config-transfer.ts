import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { maskedValue, parseEnvFile, type Setting } from '#kernel/config';
import { StartupError } from '#kernel/errors';
import type { RoomSetting } from '#services/studio';
import { renderEnvFile } from '../app/env-writer.ts';
import { assertUsable, type LoadedSettings, loadSettings } from '../app/load-settings.ts';
import { effectOf } from '../app/reload/change-plan.ts';
import { readRunFile } from '../app/run-file.ts';
import { createSettingsDesk } from '../app/settings-desk.ts';
import { type CommandContext, print } from './command.ts';

/** What differs between a file and what is set. Values of secrets are not told. */
interface Difference {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** `config export`: what differs from the standard values, as an env file. */
export function exportSettings(context: CommandContext): number {
  const settings = loadSettings(context.input);
  assertUsable(settings);
  const withSecrets = context.args.includes('--secrets');
  const values = new Map<string, string>();
  for (const { room, setting, value, origin } of settings.effective) {
    // What stands in no file or variable follows from something else.
    if (!/^environment \S+$|:\d+ \S+$/.test(origin)) continue;
    if (isKept(settings, room, setting) || (setting.secret && !withSecrets)) continue;
    const text = maskedValue({ ...setting, secret: false }, value);
    values.set(setting.name, Array.isArray(value) && value.length === 0 ? ',' : text);
  }
  const what = `Settings that differ from the standard ones${withSecrets ? '' : ', without secrets'}.`;
  print(context, Object.fromEntries(values), () => renderEnvFile(what, values).trimEnd());
  return 0;
}

/** `config import FILE`: shows what would change; with `--yes` it does. */
export async function importSettings(context: CommandContext): Promise<number> {
  const [, given, ...flags] = context.args;
  if (given === undefined || given.startsWith('--')) throw new StartupError('config import needs a file');
  const settings = loadSettings(context.input);
  assertUsable(settings);
  const desk = createSettingsDesk(settings, undefined);
  const changes = readChanges(context, resolve(context.input.cwd, given), desk.read());
  const differences = differencesOf(desk.read(), changes);
  const change = (present: ReadonlyMap<string, string>) => new Map([...present, ...changes]);
  const isMeant = flags.includes('--yes');
  if (differences.length > 0) {
    try {
      desk.check(change);
    } catch (error) {
      throw new StartupError((error as Error).message, undefined, error);
    }
    if (isMeant && !(await changeRunning(settings, changes))) await desk.update(change);
  }
  print(context, { changes: differences, applied: isMeant && differences.length > 0 }, () =>
    [
      ...differences.map(({ name, before, after }) => `${name}: ${before || '(not set)'} → ${after}`),
      differences.length === 0 ? 'nothing differs' : isMeant ? 'changed' : 'nothing was changed yet; --yes does it',
    ].join('\n'),
  );
  return 0;
}

const isKept = ({ sources }: LoadedSettings, room: string, setting: Setting<unknown>): boolean =>
  effectOf(room, setting, sources.alone) === 'file';

/** @throws StartupError for what is no setting, or belongs in `.env` */
function readChanges(
  { input }: CommandContext,
  path: string,
  known: readonly RoomSetting[],
): ReadonlyMap<string, string> {
  let file: ReturnType<typeof parseEnvFile>;
  try {
    file = parseEnvFile(path, readFileSync(path, 'utf8'), (name) => input.env[name]);
  } catch (error) {
    throw new StartupError(`cannot read ${path}: ${(error as Error).message}`);
  }
  const changeable = new Map(known.map(({ name, counts }) => [name, counts !== 'file']));
  const wrong = [...file.entries].flatMap(([name, { line }]) => {
    if (changeable.get(name)) return [];
    const reason = changeable.has(name) ? 'belongs in .env' : 'is no setting that is known here';
    return [`${path}:${line} ${name} ${reason}`];
  });
  wrong.push(...file.malformed.map((line) => `${path}:${line} is no assignment`));
  if (wrong.length > 0) throw new StartupError(wrong.join('\n'));
  return new Map([...file.entries].flatMap(([name, { value }]) => (value === '' ? [] : [[name, value] as const])));
}

function differencesOf(settings: readonly RoomSetting[], changes: ReadonlyMap<string, string>): Difference[] {
  const present = new Map(settings.map((setting) => [setting.name, setting]));
  return [...changes].flatMap(([name, after]) => {
    const { secret = false, isSet, text = '' } = present.get(name) ?? {};
    if (secret) return [{ name, before: isSet ? '(a secret)' : '', after: '(a secret)' }];
    return text === after || (text === '' && after === ',') ? [] : [{ name, before: text, after }];
  });
}

/** Has the running program change them, where they count at once and are noted. @returns false where none runs */
async function changeRunning(settings: LoadedSettings, changes: ReadonlyMap<string, string>): Promise<boolean> {
  const running = readRunFile(settings);
  const { dashboardUsername, dashboardPassword, dashboardBasic } = settings.gateway;
  if (!running?.url || !settings.rooms.has('studio') || !dashboardPassword || !dashboardBasic) return false;
  const answer = await fetch(`${running.url}/api/studio/settings`, {
    method: 'PATCH',
    headers: {
      authorization: `Basic ${Buffer.from(`${dashboardUsername}:${dashboardPassword}`).toString('base64')}`,
      'content-type': 'application/json',
      'x-studio-request': '1',
    },
    body: JSON.stringify({ changes: Object.fromEntries(changes) }),
  }).catch((error: unknown) => {
    throw new StartupError(`the running program does not answer: ${(error as Error).message}`);
  });
  if (answer.ok) return true;
  const said = (await answer.json().catch(() => ({}))) as { readonly message?: string };
  throw new StartupError(said.message ?? `the running program answered ${answer.status}`);
}
