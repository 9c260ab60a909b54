/** Headers by lower-case name, as Node gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const ascii = /^[ -~\t]*$/;
/** What stands in JSON as it is. */
const plain = /^[ !#-[\]-~]*$/;

/** Setting `request.headers`: all headers but cookies, as a JSON object. */
export function headersJson(headers: RequestHeaders): string {
  let members = '';
  let isAscii = true;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || name === 'cookie') continue;
    const text = typeof value === 'string' ? value : (value[0] ?? '');
    // A header's name holds nothing that has to be escaped.
    const isPlain = plain.test(text);
    isAscii &&= isPlain;
    const json = isPlain ? `"${text}"` : JSON.stringify(text);
    members += `${members === '' ? '' : ','}"${name}":${json}`;
  }
  return `{${isAscii ? members : decoded(members)}}`;
}

/** Setting `request.cookies`: the cookies as a JSON object. */
export function cookiesJson(header: string | undefined): string {
  if (header === undefined) return '{}';
  const cookies = new Map<string, string>();
  for (const part of header.split(';')) {
    const cookie = part.trim();
    const equals = cookie.indexOf('=');
    if (equals > 0) cookies.set(cookie.slice(0, equals).trim(), unquoted(cookie.slice(equals + 1).trim()));
  }
  return decoded(JSON.stringify(Object.fromEntries(cookies)));
}

const unquoted = (text: string): string => (/^".*"$/.test(text) ? text.slice(1, -1) : text);

// Node reads headers as Latin-1; clients that send more mean UTF-8.
function decoded(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}
