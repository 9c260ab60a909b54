import { imgproxyError } from '../../errors.ts';
import { applyOption, type OptionContext } from './options.ts';
import type { Processing } from './processing.ts';

/** An option with its arguments, as it stands in a URL. */
export interface NamedOption {
  readonly name: string;
  readonly values: readonly string[];
}

/** Sets of options that have a name. */
export type Presets = ReadonlyMap<string, readonly NamedOption[]>;

/** Takes `name:argument:…` apart. */
export function parseOption(segment: string, separator: string): NamedOption {
  const [name = '', ...values] = segment.split(separator);
  return { name, values };
}

/**
 * Reads `IMGPROXY_PRESETS`: `name=option:argument/…,…`.
 *
 * @throws Error that says which one is wrong
 */
export function parsePresets(text: string, between: string, separator: string): Presets {
  const presets = new Map<string, readonly NamedOption[]>();
  for (const entry of text.split(between).map((part) => part.trim())) {
    if (entry === '' || entry.startsWith('#')) continue;
    const at = entry.indexOf('=');
    const name = entry.slice(0, at).trim();
    const segments = entry
      .slice(at + 1)
      .trim()
      .split('/');
    if (at < 1 || segments.some((segment) => !segment.includes(separator)))
      throw new Error(`preset ${JSON.stringify(entry)} is not name=option${separator}value/…`);
    presets.set(
      name,
      segments.map((segment) => parseOption(segment, separator)),
    );
  }
  return presets;
}

/**
 * Applies presets by name. One that is met again while its own options are applied is passed over, so that presets which
 * name each other end.
 */
export function createPresetUse(presets: Presets, allowSecurity: boolean): OptionContext {
  const inUse = new Set<string>();
  const context: OptionContext = {
    allowSecurity,
    applyPreset(name, draft: Processing) {
      const preset = presets.get(name);
      if (preset === undefined) throw imgproxyError('invalid_url', { details: `Unknown preset: ${name}` });
      if (inUse.has(name)) return;
      inUse.add(name);
      // What an operator wrote may change the bounds.
      for (const option of preset) applyOption(draft, option.name, option.values, { ...context, allowSecurity: true });
      inUse.delete(name);
    },
  };
  return context;
}
