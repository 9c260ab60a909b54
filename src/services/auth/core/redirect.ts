import { isIP } from 'node:net';
import { compileGlob, type Glob } from './glob.ts';

/** Decides where users may be sent. */
export interface RedirectPolicy {
  readonly siteUrl: string;
  isAllowed(candidate: string): boolean;
  /** The first allowed candidate, else the site itself; what is not allowed is passed over, never an error. */
  choose(candidates: readonly (string | undefined)[]): string;
}

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']);
const standardPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };
const maxLength = 8_192;

/**
 * Builds the policy from `SITE_URL` and the allow list.
 *
 * @throws Error naming the pattern that cannot be read
 */
export function createRedirectPolicy(siteUrl: string, patterns: readonly string[]): RedirectPolicy {
  const globs: Glob[] = patterns.map((pattern) => {
    try {
      return compileGlob(pattern);
    } catch (error) {
      throw new Error(`pattern ${pattern}: ${(error as Error).message}`);
    }
  });
  const site = dissect(siteUrl);

  function isAllowed(candidate: string): boolean {
    const parts = dissect(candidate);
    if (!parts) return false;
    if (site && isSameSite(parts, site)) return true;
    if (/^\d+$/.test(parts.host)) return false;
    if (isIP(parts.host) !== 0 && !isLoopback(parts.host)) return false;
    const plain = candidate.split('#', 1)[0] as string;
    return globs.some((glob) => glob.matches(plain));
  }

  return {
    siteUrl,
    isAllowed,
    choose: (candidates) => candidates.find((candidate) => candidate !== undefined && isAllowed(candidate)) ?? siteUrl,
  };
}

// Browsers and servers read odd URLs differently (backslashes, user names, exotic forms of IP addresses). Whatever could
// mean two things is refused, so that the text that was checked is the address that is gone to.
function dissect(text: string): Parts | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (text.length > maxLength || /[\\\s\u0000-\u0020\u007f-\u009f]/.test(text)) return undefined;
  const match = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?/i.exec(text);
  if (!match) return undefined;
  const scheme = (match[1] as string).toLowerCase();
  const authority = match[2];
  const isWeb = scheme === 'http' || scheme === 'https';
  if (authority === undefined) return isWeb ? undefined : { scheme, host: '', port: '' };
  const pair = /^(\[[0-9a-f:.]+\]|[^:@[\]]*)(?::(\d*))?$/i.exec(authority);
  if (!pair) return undefined;
  const host = (pair[1] as string).replace(/^\[|\]$/g, '').toLowerCase();
  const port = pair[2] || (standardPorts[scheme] ?? '');
  if (!isWeb) return { scheme, host, port };
  if (!/^[a-z0-9.-]+$/.test(host) && isIP(host) !== 6) return undefined;
  if (!URL.canParse(text)) return undefined;
  const seen = new URL(text).hostname;
  return isIP(host) === 6 || seen === host ? { scheme, host, port } : undefined;
}

function isSameSite(a: Parts, b: Parts): boolean {
  return a.scheme === b.scheme && a.host === b.host && (a.port === b.port || loopbackNames.has(a.host));
}

function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.');
  return new URL(`http://[${address}]`).hostname === '[::1]';
}
