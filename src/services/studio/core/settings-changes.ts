import { studioError } from '../errors.ts';
import type { RoomSetting, SettingProblem } from '../ports.ts';
import { addSettingsChange, findSettingsChange, type SettingChange } from '../sql/settings-history.ts';
import type { Caller } from './caller.ts';
import type { StudioContext } from './context.ts';

type Values = ReadonlyMap<string, string>;

/** Bounds of one change. */
const mostChanges = 500;
const longestText = 200_000;

/**
 * Reads which settings somebody wants to be what: a text, or null for what counts without the dashboard.
 *
 * @param known settings there are to change
 * @throws invalid_request, unknown_setting
 */
export function readChanges(given: unknown, known: ReadonlySet<string>): ReadonlyMap<string, string | null> {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) throw studioError('invalid_request');
  const changes = Object.entries(given);
  if (changes.length === 0 || changes.length > mostChanges) throw studioError('invalid_request');
  for (const [name, text] of changes) {
    if (!known.has(name)) throw studioError('unknown_setting', { message: `There is no setting ${name} to change` });
    if (text !== null && (typeof text !== 'string' || text.length > longestText || text.includes('\0')))
      throw studioError('invalid_request');
  }
  return new Map(changes as [string, string | null][]);
}

/** Values with changes made; an empty text is no value. */
export function withChanges(present: Values, changes: ReadonlyMap<string, string | null>): Values {
  const next = new Map(present);
  for (const [name, text] of changes)
    if (text === null || text === '') next.delete(name);
    else next.set(name, text);
  return next;
}

/** What differs between two sets of values; of secrets only that they do. */
export function changesBetween(before: Values, after: Values, secrets: ReadonlySet<string>): readonly SettingChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
  return names
    .sort()
    .map((name) =>
      secrets.has(name)
        ? { name, secret: true, before: before.has(name) ? '' : null, after: after.has(name) ? '' : null }
        : { name, secret: false, before: before.get(name) ?? null, after: after.get(name) ?? null },
    );
}

/**
 * Changes settings, keeps what was before, and says what has changed.
 *
 * @throws settings_refused with what is wrong with them (`problems` by name, where that is known); no_secret
 */
export async function changeSettings(
  { db, clock, seal, settings, ports }: StudioContext,
  caller: Caller,
  decide: (present: Values) => Values,
): Promise<readonly SettingChange[]> {
  if (!seal) throw studioError('no_secret');
  const known = ports.settingsDesk.read();
  const secrets = new Set(known.flatMap(({ name, secret }) => (secret ? [name] : [])));
  const { before, after } = await ports.settingsDesk.update(decide).catch((error: unknown) => {
    if ((error as Error).name === 'ServiceError') throw error;
    const { message, problems } = error as Error & { readonly problems?: readonly SettingProblem[] };
    throw studioError('settings_refused', { message, cause: error, ...(problems && { details: { problems } }) });
  });
  const changes = changesBetween(before, after, secrets);
  if (changes.length === 0) return changes;
  const changed = new Set(changes.map(({ name }) => name));
  const rooms = new Set(known.flatMap(({ room, name }) => (changed.has(name) ? [room] : [])));
  await addSettingsChange(
    db,
    {
      operator: caller.name,
      rooms: [...rooms].join(', '),
      changes,
      before: seal.close(JSON.stringify([...before])),
    },
    clock.now(),
    settings.settingsHistory,
  );
  return changes;
}

/** What takes a change back: its settings as they were before, the others as they are. @throws not_found, sealed_elsewhere, no_secret */
export async function undoing({ db, seal }: StudioContext, id: number): Promise<(present: Values) => Values> {
  if (!seal) throw studioError('no_secret');
  const found = await findSettingsChange(db, id);
  if (!found) throw studioError('not_found');
  const text = seal.open(found.before);
  if (text === undefined) throw studioError('sealed_elsewhere');
  const before = new Map(JSON.parse(text) as [string, string][]);
  return (present) => withChanges(present, new Map(found.names.map((name) => [name, before.get(name) ?? null])));
}

/** Names of the settings that may be changed. */
export const changeableNames = (settings: readonly RoomSetting[]): ReadonlySet<string> =>
  new Set(settings.flatMap(({ name, counts }) => (counts === 'file' ? [] : [name])));
