import type { Setting, SettingsSchema } from './setting.ts';

/** A value as it may be shown and given again: secrets become dots, durations carry their unit. */
export function maskedValue(setting: Setting<unknown>, value: unknown): string {
  if (value === undefined || (value instanceof Map ? value.size : Array.isArray(value) ? value.length : 1) === 0)
    return '';
  if (setting.secret) return '••••••••';
  if (setting.type === 'duration' && typeof value === 'number') return shownDuration(value);
  if (Array.isArray(value)) return value.join(',');
  if (value instanceof Map) return [...value].map(([name, text]) => `${name}=${text}`).join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

// The largest unit that keeps the number whole.
function shownDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  const units: readonly (readonly [string, number])[] = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ];
  for (const [unit, size] of units) if (milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  return `${milliseconds}ms`;
}

/** The configuration reference of some rooms as Markdown, one table each. */
export function renderReference(rooms: readonly { readonly name: string; readonly schema: SettingsSchema }[]): string {
  const out: string[] = [];
  for (const room of rooms) {
    out.push(`## ${room.name}`, '', '| name | type | default | meaning |', '|---|---|---|---|');
    for (const setting of Object.values(room.schema)) {
      const others = [...(setting.original ?? []), ...(setting.alone ?? []), ...(setting.aliases ?? [])];
      const also = others.length === 0 ? '' : ` Also: ${others.map((name) => `\`${name}\``).join(', ')}.`;
      const standard = setting.default === undefined ? '' : `\`${maskedValue(setting, setting.default)}\``;
      const secret = setting.secret ? ' Secret.' : '';
      out.push(
        `| \`${setting.name}\` | ${setting.type.replaceAll('|', '\\|')} | ${standard} | ${setting.help}${secret}${also} |`,
      );
    }
    out.push('');
  }
  return out.join('\n');
}
