import type { StudioContext } from '../core/context.ts';
import { changeSettings, namesOf, readChanges, settingsBefore, withChanges } from '../core/live-settings.ts';
import { studioError } from '../errors.ts';
import type { LiveSettings } from '../ports.ts';
import { listSettingsChanges } from '../sql/settings-history.ts';
import type { Route } from './route.ts';

const room = 'auth';
const historyPage = 50;

function liveOf({ ports }: StudioContext): LiveSettings {
  const live = ports.authSettings();
  if (!live) throw studioError('room_absent');
  return live;
}

/** Settings of auth that may change while it serves, by topic; secrets without their values. */
export const authSettingsGet: Route = {
  method: 'GET',
  path: '/auth/settings',
  role: 'read-only',
  handle({ context }) {
    const live = liveOf(context);
    return { groups: live.groups, settings: live.read() };
  },
};

/** Changes some: `{changes: {NAME: text | null}}`. They count when this is answered. */
export const authSettingsPatch: Route = {
  method: 'PATCH',
  path: '/auth/settings',
  role: 'owner',
  async handle({ context, caller, body, note }) {
    const live = liveOf(context);
    const changes = readChanges(body.changes, namesOf(live.read()));
    const made = await changeSettings(context, caller, room, live, (present) => withChanges(present, changes));
    if (made.length > 0) await note('auth settings', made.map(({ name }) => name).join(', '));
    return { changed: made.map(({ name }) => name) };
  },
};

/** Changes that were made, the latest first; `?before=` an id goes on. */
export const authHistoryGet: Route = {
  method: 'GET',
  path: '/auth/settings/history',
  role: 'read-only',
  handle({ context, request }) {
    const before = Number((request.query as { readonly before?: string }).before ?? Number.NaN);
    return listSettingsChanges(context.db, room, Number.isSafeInteger(before) ? before : null, historyPage);
  },
};

/** Puts everything back to what it was before a change. */
export const authUndoPost: Route = {
  method: 'POST',
  path: '/auth/settings/history/:id/undo',
  role: 'owner',
  async handle({ context, caller, request, note }) {
    const live = liveOf(context);
    const id = Number((request.params as { readonly id: string }).id);
    if (!Number.isSafeInteger(id)) throw studioError('not_found');
    const before = await settingsBefore(context, room, id);
    const made = await changeSettings(context, caller, room, live, () => before);
    await note('auth settings undone', `${id}: ${made.map(({ name }) => name).join(', ')}`);
    return { changed: made.map(({ name }) => name) };
  },
};
