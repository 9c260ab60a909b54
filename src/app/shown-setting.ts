import { type EffectiveSetting, maskedValue } from '#kernel/config';
import type { RoomSetting } from '#services/studio';
import type { LoadedSettings } from './load-settings.ts';

/** A setting as the dashboard shows it: of a secret only whether there is one. */
export function shownSetting({ setting, value, origin }: EffectiveSetting): Omit<RoomSetting, 'room'> {
  const { name, type, help, secret } = setting;
  return {
    name,
    type,
    help,
    secret,
    isSet: value !== undefined && value !== '',
    ...(!secret && { text: maskedValue(setting, value) }),
    standard: setting.default === undefined ? '' : maskedValue(setting, setting.default),
    origin,
  };
}

/** Settings of every room; those of auth as they are now, the others as they were at the start. */
export const shownSettings = (settings: LoadedSettings): readonly RoomSetting[] => {
  const auth = new Map(settings.currentAuth().effective.map((entry) => [entry.key, entry]));
  return settings.effective.map(({ room, ...entry }) => ({
    ...shownSetting((room === 'auth' && auth.get(entry.key)) || entry),
    room,
  }));
};
