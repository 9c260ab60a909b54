import { imgproxyError } from '../../errors.ts';
import { type Format, formatNamed } from '../format/formats.ts';
import { base64Text, invalid, percentDecoded } from './values.ts';

/** A source as a URL names it, with the format after it. */
export interface SourceText {
  readonly url: string;
  readonly format?: Format;
}

/** How sources in URLs are completed. */
export interface SourceRules {
  readonly baseUrl: string;
  readonly replacements: readonly (readonly [RegExp, string])[];
  readonly base64IncludesFilename: boolean;
}

/**
 * Reads the segments behind the options: `plain` with an escaped source and `@format`, or URL-safe Base64 in any number of
 * segments with `.format`.
 *
 * @throws ServiceError
 */
export function parseSource(segments: readonly string[], rules: SourceRules): SourceText {
  if (segments.length === 0) throw imgproxyError('invalid_url', { details: 'Image URL is empty' });
  const { text, extension } = segments[0] === 'plain' ? plain(segments.slice(1)) : base64(segments, rules);
  if (text === '') throw imgproxyError('invalid_url', { details: 'Image URL is empty' });
  const format = extension === '' ? undefined : (formatNamed(extension) ?? invalid('image format', extension));
  return { url: complete(text, rules), ...(format && { format }) };
}

function plain(segments: readonly string[]): { text: string; extension: string } {
  const [escaped = '', extension = '', ...more] = segments.join('/').split('@');
  if (more.length > 0) invalid('source', 'more than one @');
  return { text: percentDecoded('source', escaped), extension };
}

function base64(given: readonly string[], rules: SourceRules): { text: string; extension: string } {
  const segments = rules.base64IncludesFilename ? given.slice(0, -1) : given;
  const [encoded = '', extension = '', ...more] = segments.join('').split('.');
  if (more.length > 0) invalid('source', 'more than one dot');
  return { text: base64Text('source', encoded), extension };
}

function complete(text: string, { baseUrl, replacements }: SourceRules): string {
  const replaced = replacements.reduce((url, [pattern, by]) => url.replace(pattern, by), text);
  return replaced.startsWith(baseUrl) ? replaced : baseUrl + replaced;
}

/**
 * Reads `IMGPROXY_URL_REPLACEMENTS`. A pattern matches from the beginning; `*` is anything but a slash, `**` anything, and
 * `${1}` in the replacement is what the first of them stood for.
 *
 * @throws Error
 */
export function parseReplacements(text: string): readonly (readonly [RegExp, string])[] {
  return text
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map((rule) => {
      const at = rule.indexOf('=');
      if (at < 1) throw new Error(`${JSON.stringify(rule)} is not pattern=replacement`);
      return [wildcard(rule.slice(0, at)), rule.slice(at + 1).replace(/\$\{(\d)\}/g, '$$$1')] as const;
    });
}

/** A pattern that matches the beginning of a source; `*` is anything but a slash, `**` anything. */
export function wildcard(pattern: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '(.*)' : part === '*' ? '([^/]*)' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  return new RegExp(`^${source}`);
}
