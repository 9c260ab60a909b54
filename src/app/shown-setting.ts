import { type EffectiveSetting, maskedValue } from '#kernel/config';
import type { RoomSetting } from '#services/studio';

/** A setting as the dashboard shows it: of a secret only whether there is one. */
export function shownSetting({
  setting,
  value,
  origin,
}: EffectiveSetting): Omit<RoomSetting, 'room' | 'changedHere' | 'counts' | 'waits'> {
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
