/** Headers as they were written, or what is wrong with them. */
export type WrittenHeaders =
  | { readonly headers: readonly (readonly [name: string, value: string])[]; readonly problem?: undefined }
  | { readonly problem: string };

// What the browser or the dashboard's server says by itself (Fetch, "forbidden request-header"), so that a value would be lost.
const notOurs = new Set(
  `accept-charset accept-encoding access-control-request-headers access-control-request-method connection content-length
  cookie date dnt expect host keep-alive origin referer set-cookie te trailer transfer-encoding upgrade via`.split(
    /\s+/,
  ),
);

const token = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
const printable = /^[\t\x20-\x7e\xa0-\xff]*$/;

/** Reads headers, one on a line: `name: value` (RFC 9110, section 5.1). */
export function readHeaders(text: string): WrittenHeaders {
  const headers: [string, string][] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const at = line.indexOf(':');
    const name = line.slice(0, Math.max(at, 0)).trim();
    const value = line.slice(at + 1).trim();
    if (at < 0 || !token.test(name)) return { problem: `Not a header: ${line.trim().slice(0, 80)}` };
    if (!printable.test(value)) return { problem: `${name} has characters that a header cannot have` };
    const small = name.toLowerCase();
    if (small === 'authorization' || small === 'apikey') return { problem: `${name} comes from who asks` };
    if (notOurs.has(small) || /^(proxy|sec|x-studio|x-consumer)-/.test(small))
      return { problem: `${name} cannot be set from here` };
    headers.push([name, value]);
  }
  return { headers };
}
