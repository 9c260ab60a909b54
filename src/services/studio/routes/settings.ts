import { changeableNames, changeSettings, readChanges, undoing, withChanges } from '../core/settings-changes.ts';
import { studioError } from '../errors.ts';
import { listSettingsChanges } from '../sql/settings-history.ts';
import type { Route } from './route.ts';

const historyPage = 50;

/** Settings of every room, secrets without their values, and the topics of auth's. */
export const settingsGet: Route = {
  method: 'GET',
  path: '/settings',
  role: 'read-only',
  handle({ context }) {
    const desk = context.ports.settingsDesk;
    return { settings: desk.read(), authGroups: desk.authGroups };
  },
};

/** Changes some: `{changes: {NAME: text | null}}`. What may count at once does when this is answered. */
export const settingsPatch: Route = {
  method: 'PATCH',
  path: '/settings',
  role: 'owner',
  async handle({ context, caller, body, note }) {
    const changes = readChanges(body.changes, changeableNames(context.ports.settingsDesk.read()));
    const made = await changeSettings(context, caller, (present) => withChanges(present, changes));
    if (made.length > 0) await note('settings', made.map(({ name }) => name).join(', '));
    return { changed: made.map(({ name }) => name) };
  },
};

/** Changes that were made, the latest first; `?before=` an id goes on. */
export const settingsHistoryGet: Route = {
  method: 'GET',
  path: '/settings/history',
  role: 'read-only',
  handle({ context, request }) {
    const before = Number((request.query as { readonly before?: string }).before ?? Number.NaN);
    return listSettingsChanges(context.db, Number.isSafeInteger(before) ? before : null, historyPage);
  },
};

/** Puts the settings of a change back to what they were before it. */
export const settingsUndoPost: Route = {
  method: 'POST',
  path: '/settings/history/:id/undo',
  role: 'owner',
  async handle({ context, caller, request, note }) {
    const id = Number((request.params as { readonly id: string }).id);
    if (!Number.isSafeInteger(id)) throw studioError('not_found');
    const made = await changeSettings(context, caller, await undoing(context, id));
    if (made.length > 0) await note('settings undone', `${id}: ${made.map(({ name }) => name).join(', ')}`);
    return { changed: made.map(({ name }) => name) };
  },
};
