import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { createEgressRules, egressSetting } from './destinations.ts';
import { EgressError } from './egress-error.ts';

/** How outbound requests are bounded. */
export interface EgressOptions {
  /** Exceptions, see {@link createEgressRules}. */
  readonly allowed: readonly string[];
  /** Milliseconds for a request with its answer, default 10,000. */
  readonly timeout?: number;
  /** Bytes of an answer's body, default 1 MiB. */
  readonly maxBytes?: number;
  /** Addresses of a name; default asks the system. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** One outbound request. */
export interface EgressRequest {
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Replaces the egress's own bound, in milliseconds. */
  readonly timeout?: number;
  /** Replaces the egress's own bound, in bytes. */
  readonly maxBytes?: number;
  /** Redirects to follow, each checked again; default 0: a 3xx is the answer. */
  readonly redirects?: number;
  /** The URL stands in the settings, so it may lead into the own network. */
  readonly byOperator?: boolean;
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export interface EgressAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

/** The one way out: every request that users can cause leaves through here. */
export interface Egress {
  /**
   * @throws EgressError; `refused` where the URL is no http(s) one, carries a password, or leads where the rules do not allow
   */
  request(url: string | URL, request?: EgressRequest): Promise<EgressAnswer>;
  /**
   * Asks whether a request to a URL would be let out, for addresses that are kept for later. Nothing is connected to.
   *
   * @throws EgressError
   */
  check(url: string | URL): Promise<void>;
}

/**
 * An egress guard against server-side request forgery (OWASP): a name is resolved once, every address it has is held
 * against the rules, and the connection goes to an address that was checked, so that a name which answers differently
 * the second time (DNS rebinding) gains nothing.
 */
export function createEgress(options: EgressOptions): Egress {
  const rules = createEgressRules(options.allowed);
  const resolve = options.resolve ?? resolveAll;

  async function admit(url: URL, byOperator = false): Promise<{ host: string; address: string }> {
    const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new EgressError('refused', 'not an http(s) URL');
    if (url.username || url.password) throw new EgressError('refused', 'a URL with a user or password in it');
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const addresses = isIP(host) ? [host] : await addressesOf(host, resolve);
    const refused = addresses.some((address) => !rules.allows({ host, port, address }, byOperator));
    const address = addresses[0];
    if (address === undefined || refused)
      throw new EgressError('refused', `${host} is not a public address; ${egressSetting} can allow it`);
    return { host, address };
  }

  async function once(url: URL, request: EgressRequest, signal: AbortSignal): Promise<EgressAnswer> {
    const destination = await admit(url, request.byOperator);
    return send(url, destination, request, signal, request.maxBytes ?? options.maxBytes ?? 1_048_576);
  }

  return {
    async check(target) {
      await admit(parse(target));
    },
    async request(target, request = {}) {
      const timeout = AbortSignal.timeout(request.timeout ?? options.timeout ?? 10_000);
      const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
      let url = parse(target);
      let current = request;
      for (let left = request.redirects ?? 0; ; left--) {
        const answer = await unlessAborted(once(url, current, signal), signal, url.hostname, timeout);
        const next = left > 0 ? redirectOf(answer, url) : undefined;
        if (!next) return answer;
        current = forRedirect(current, answer.status, url.origin === next.origin);
        url = next;
      }
    },
  };
}

function parse(target: string | URL): URL {
  try {
    return new URL(target);
  } catch {
    throw new EgressError('refused', 'not a URL');
  }
}

// Fetch standard, "HTTP-redirect fetch": 303 always becomes GET, 301 and 302 do after POST; credentials stay with their origin.
function forRedirect(request: EgressRequest, status: number, sameOrigin: boolean): EgressRequest {
  const { body, method = 'GET', headers = {}, ...rest } = request;
  const becomesGet = status === 303 || ((status === 301 || status === 302) && method === 'POST');
  const dropped = new Set([
    ...(becomesGet ? ['content-type', 'content-length'] : []),
    ...(sameOrigin ? [] : ['authorization', 'cookie', 'proxy-authorization']),
  ]);
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase())));
  return {
    ...rest,
    headers: kept,
    method: becomesGet ? 'GET' : method,
    ...(body !== undefined && !becomesGet && { body }),
  };
}

function redirectOf(answer: EgressAnswer, from: URL): URL | undefined {
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(answer.status) || !location) return undefined;
  return URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

async function addressesOf(host: string, resolve: (host: string) => Promise<readonly string[]>) {
  try {
    return await resolve(host);
  } catch (error) {
    throw new EgressError('unreachable', `${host} has no address`, error);
  }
}

async function resolveAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

// A lookup of the system cannot be cancelled, so its end is not waited for.
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, host: string, timeout: AbortSignal): Promise<T> {
  const failure = () =>
    timeout.aborted
      ? new EgressError('timeout', `${host} did not answer in time`)
      : new EgressError('aborted', `the request to ${host} was given up`);
  if (signal.aborted) {
    work.catch(() => {});
    throw failure();
  }
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(failure());
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function send(
  url: URL,
  { host, address }: { host: string; address: string },
  { method = 'GET', headers = {}, body }: EgressRequest,
  signal: AbortSignal,
  maxBytes: number,
): Promise<EgressAnswer> {
  const family = isIP(address);
  const payload = typeof body === 'string' ? Buffer.from(body) : body;
  return new Promise((resolve, reject) => {
    const start: typeof httpRequest = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, {
      method,
      // Lower case, so that a length given by the caller is replaced and not sent beside this one.
      headers: { ...lowerCase(headers), ...(payload && { 'content-length': String(payload.length) }) },
      signal,
      agent: false,
      lookup: (_host, { all }, done) =>
        all ? done(null, [{ address, family }] as never, family) : done(null, address as never, family),
    });
    const fail = (error: unknown) =>
      reject(
        error instanceof EgressError ? error : new EgressError('unreachable', `${host} could not be reached`, error),
      );
    request.once('error', fail);
    request.once('response', (response) => {
      collect(response, host, maxBytes).then((bytes) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes, url: url.href });
      }, fail);
    });
    request.end(payload);
  });
}

const lowerCase = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

async function collect(response: IncomingMessage, host: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      throw new EgressError('too-large', `the answer of ${host} has more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
