import { imgproxyError } from '../../errors.ts';
import { applyOption, namesOfOption } from './options.ts';
import { createPresetUse, type Presets, parseOption } from './presets.ts';
import { type Processing, plainProcessing, type SourceLimits } from './processing.ts';
import { isSigned, type SignatureRules } from './signature.ts';
import { parseSource, type SourceRules } from './source-text.ts';

/** How URLs are read. */
export interface UrlRules extends SourceRules {
  readonly separator: string;
  readonly signature: SignatureRules;
  readonly presets: Presets;
  readonly onlyPresets: boolean;
  readonly allowSecurity: boolean;
  /** Options that may be named, by any of their names; empty is all. */
  readonly allowedOptions: readonly string[];
  /** What is in force before the URL says anything. */
  readonly defaults: Partial<Processing>;
  readonly limits: SourceLimits;
}

/** What a URL asks for. */
export interface RequestedImage {
  readonly source: string;
  readonly processing: Readonly<Processing>;
}

/**
 * Reads `/signature/option:argument/…/plain/source@format` or the same with a Base64 source.
 *
 * @param path as the client sent it, without query and prefix
 * @param now seconds since the epoch
 * @throws ServiceError
 */
export function readRequestUrl(path: string, rules: UrlRules, now: number): RequestedImage {
  const { signature, signed } = splitSignature(repairSlashes(path));
  if (!isSigned(signature, signed, rules.signature)) throw imgproxyError('forbidden', { details: 'Invalid signature' });
  const segments = signed.slice(1).split('/');
  const processing: Processing = { ...plainProcessing(rules.limits), ...rules.defaults };
  const presets = createPresetUse(rules.presets, rules.allowSecurity);
  if (rules.presets.has('default')) presets.applyPreset('default', processing);

  let at = 0;
  if (rules.onlyPresets) {
    for (const name of (segments[at++] ?? '').split(rules.separator)) presets.applyPreset(name, processing);
  } else {
    if (/^(fit|fill|fill-down|force|auto)$/.test(segments[0] ?? ''))
      throw imgproxyError('invalid_url', { details: 'The basic URL format is not supported' });
    for (; segments[at]?.includes(rules.separator); at++) {
      const { name, values } = parseOption(segments[at] as string, rules.separator);
      assertAllowed(name, rules.allowedOptions);
      applyOption(processing, name, values, presets);
    }
  }
  const { url, format } = parseSource(segments.slice(at), rules);
  if (format !== undefined) processing.format = format;
  if (processing.expires > 0 && processing.expires < now) throw imgproxyError('expired_url');
  return { source: url, processing };
}

// Proxies on the way make one slash of two.
function repairSlashes(path: string): string {
  return path.replace(/(\/plain\/)(\w+):\/(?!\/)/, (_whole, plain: string, scheme: string) =>
    scheme === 'local' ? `${plain}local:///` : `${plain}${scheme}://`,
  );
}

function splitSignature(path: string): { signature: string; signed: string } {
  const end = path.indexOf('/', 1);
  if (!path.startsWith('/') || end < 0) throw imgproxyError('invalid_url', { details: 'Invalid path' });
  return { signature: path.slice(1, end), signed: path.slice(end) };
}

function assertAllowed(name: string, allowed: readonly string[]): void {
  if (allowed.length === 0 || [name, ...namesOfOption(name)].some((known) => allowed.includes(known))) return;
  throw imgproxyError('option_forbidden', { details: `Forbidden processing option ${name}` });
}
