/** Header as names and values; several values of one name stand apart. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

// What a room answers is shown by the dashboard's pages and never a page itself: opened as one, it may do nothing.
const inert: Readonly<Record<string, string>> = {
  'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

// What a browser keeps for the whole origin or host, or does to it, whatever the answer belongs to.
const ofOrigin: ReadonlySet<string> = new Set([
  'set-cookie',
  'set-cookie2',
  'clear-site-data',
  'service-worker-allowed',
  'strict-transport-security',
  'alt-svc',
  'accept-ch',
  'critical-ch',
  'nel',
  'report-to',
  'reporting-endpoints',
  // Opens the browser's own window for credentials, in the dashboard's name.
  'www-authenticate',
]);

/**
 * Headers of a room's answer as they go out on the dashboard's origin. What would act on that origin is told under a name
 * that browsers do not know, `x-studio-` + its own, and the answer cannot be a page whatever the room says.
 */
export function inertHeaders(headers: HeaderList): [name: string, value: string][] {
  const kept = headers.flatMap(([name, value]): [string, string][] => {
    const known = name.toLowerCase();
    if (Object.hasOwn(inert, known)) return [];
    return [[ofOrigin.has(known) ? `x-studio-${known}` : name, value]];
  });
  return [...kept, ...Object.entries(inert)];
}
