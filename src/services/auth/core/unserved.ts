import { type AuthSettings, authSettings } from '../settings.ts';

const asksFor = (value: unknown): boolean => value !== undefined && !/^(false|f|off|no|0)$/i.test(String(value));

/** Settings that ask for something this release does not have, by the names operators know. */
export function unservedSettings(settings: AuthSettings): string[] {
  const names: string[] = [];
  for (const [key, { name }] of Object.entries(authSettings))
    if (key.startsWith('unserved_') && asksFor(settings[key as keyof AuthSettings])) names.push(name);
  return names;
}
