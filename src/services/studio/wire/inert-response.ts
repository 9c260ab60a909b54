import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type HeaderList, inertHeaders } from '../core/inert-answer.ts';

/**
 * Makes whatever is answered harmless on the dashboard's origin. The head is changed at the last moment, so that it makes no
 * difference how the room sets its headers.
 */
export function makeInert(response: ServerResponse): void {
  const send = response.writeHead.bind(response);
  // A head that is not written by hand is written by this method as well.
  response.writeHead = (status: number, ...given: unknown[]): ServerResponse => {
    const text = typeof given[0] === 'string' ? given[0] : undefined;
    const before = listOf(response.getHeaders());
    const now = listOf(given[text === undefined ? 0 : 1] as OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined);
    const named = new Set(now.map(([name]) => name.toLowerCase()));
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    const all = [...before.filter(([name]) => !named.has(name.toLowerCase())), ...now];
    for (const [name, value] of inertHeaders(all)) response.appendHeader(name, value);
    return text === undefined ? send(status) : send(status, text);
  };
}

/** Both forms that `writeHead` takes: an object, and names and values in turn. */
function listOf(headers: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined): HeaderList {
  const pairs: (readonly [string, OutgoingHttpHeader | undefined])[] = Array.isArray(headers)
    ? Array.from(
        { length: headers.length / 2 },
        (_, index) => [String(headers[2 * index]), headers[2 * index + 1]] as const,
      )
    : Object.entries(headers ?? {});
  return pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => [name, String(each)] as const),
  );
}
