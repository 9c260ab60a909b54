import type { Resolution, SettingsOf, SettingsSchema } from '#kernel/config';

/** Puts other defaults in force, for a room in the place of its original; what was given stays. */
export function replaceDefaults<S extends SettingsSchema>(
  resolution: Resolution<S>,
  defaults: Partial<SettingsOf<S>>,
): Resolution<S> {
  const replaced: Partial<Record<keyof S, unknown>> = {};
  const effective = resolution.effective.map((entry) => {
    if (entry.origin !== 'default' || !(entry.key in defaults)) return entry;
    const value = defaults[entry.key];
    replaced[entry.key as keyof S] = value;
    return { ...entry, value, origin: "the original's default" };
  });
  return { ...resolution, values: Object.freeze({ ...resolution.values, ...replaced }) as SettingsOf<S>, effective };
}
