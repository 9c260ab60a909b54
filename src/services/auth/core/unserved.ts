import { type AuthSettings, authSettings } from '../settings.ts';

const families = ['unserved_'];

/** Settings that ask for something this release does not have, by the names operators know. */
export function unservedSettings(settings: AuthSettings): string[] {
  const names: string[] = [];
  for (const [key, { name }] of Object.entries(authSettings))
    if (families.some((prefix) => key.startsWith(prefix)) && settings[key as keyof AuthSettings]) names.push(name);
  if (settings.refreshAlgorithm === '2') names.push(authSettings.refreshAlgorithm.name);
  return names;
}
