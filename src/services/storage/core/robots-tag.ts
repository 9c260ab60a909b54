import { storageError } from '../errors.ts';

const words = new Set([
  'all',
  'noindex',
  'nofollow',
  'none',
  'nosnippet',
  'indexifembedded',
  'notranslate',
  'noimageindex',
  'noarchive',
]);
const withNumber = new Set(['max-snippet', 'max-video-preview']);
const previews = new Set(['none', 'standard', 'large']);
const limit = 1_000;

/**
 * Checks a value of X-Robots-Tag: rules separated by commas, each after an optional name of a robot.
 *
 * @throws InvalidXRobotsTag
 */
export function assertRobotsTag(value: string): void {
  const refuse = (reason: string): never => {
    throw storageError('InvalidXRobotsTag', { message: `Invalid X-Robots-Tag header: ${reason}` });
  };
  if (value.trim() === '' || value.length > limit || /[^\x20-\x7e]/.test(value)) refuse('not a list of rules');
  // A date has a comma in it and can only come last.
  const [, rules = value, date] = /^(.*?)(?:,?\s*unavailable_after:\s*(.+))?$/i.exec(value) ?? [];
  if (date !== undefined && Number.isNaN(Date.parse(date))) refuse(`invalid date ${date}`);
  for (const part of rules.split(',').map((text) => text.trim())) {
    if (part === '') {
      if (date === undefined || rules.trim() !== '') refuse('an empty rule');
      continue;
    }
    if (!isRule(part.toLowerCase())) {
      const [robot = '', rest] = splitOnce(part);
      if (rest === undefined || !/^[\w.-]+$/.test(robot) || !isRule(rest.toLowerCase())) refuse(`unknown rule ${part}`);
    }
  }
}

function isRule(text: string): boolean {
  if (words.has(text)) return true;
  const [name = '', value] = splitOnce(text);
  if (value === undefined) return false;
  if (withNumber.has(name)) return /^-?\d+$/.test(value);
  return name === 'max-image-preview' && previews.has(value);
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf(':');
  return at < 0 ? [text, undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
