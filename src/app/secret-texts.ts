import type { Setting, SettingsOf, SettingsSchema } from '#kernel/config';

/** The texts of a setting that must never be seen. */
export function secretTexts({ secret }: Setting<unknown>, value: unknown): string[] {
  if (!secret) return [];
  // Of a family only what its name calls a secret: hiding every value would garble ordinary words.
  if (value instanceof Map)
    return [...value].filter(([name]) => /secret|key|password|token/i.test(name)).map(([, text]) => text as string);
  return typeof value === 'string' ? [value] : [];
}

/** Those of all settings of a room. */
export function secretTextsOf<S extends SettingsSchema>(schema: S, values: SettingsOf<S>): string[] {
  return Object.entries(schema).flatMap(([key, setting]) => secretTexts(setting, values[key]));
}
