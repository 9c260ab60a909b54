import type { IncomingMessage } from 'node:http';
import { abortSignalOf, requestContext } from '#kernel/http';
import { JwtError, type Verifier } from '#kernel/jwt';
import { lazyChild } from '#kernel/log';
import { patient } from '../core/content/limited.ts';
import type { StorageContext } from '../core/context.ts';
import { jwtMessage } from '../core/url-token.ts';
import { storageError } from '../errors.ts';
import type { Scope } from '../sql/scope.ts';
import type { Access, Exchange, Matched } from './route.ts';

export type { Answer, Exchange } from './route.ts';

type ExchangeBase = Pick<Exchange, 'context' | 'ports' | 'verifier' | 'request' | 'response'>;

/** Opens an exchange: who asks? @throws AccessDenied, ServiceRoleOnly, ValidationFailed */
export async function openExchange(base: ExchangeBase, { route, params }: Matched): Promise<Exchange> {
  const { request, context, verifier } = base;
  const caller =
    route.access === 'open' ? nobody : await identify(context, verifier, route.access, request.headers.authorization);
  if (route.access === 'service' && caller.role !== 'service_role') throw storageError('ServiceRoleOnly');
  return new OpenExchange(base, params, caller, route.operation);
}

/** An exchange whose parts are made when they are asked for: reading a public object needs few of them. */
class OpenExchange implements Exchange {
  readonly context: Exchange['context'];
  readonly ports: Exchange['ports'];
  readonly verifier: Verifier;
  readonly request: IncomingMessage;
  readonly response: Exchange['response'];
  readonly params: Exchange['params'];
  readonly isKnown: boolean;
  readonly #caller: Caller;
  readonly #operation: string;
  #query: URLSearchParams | undefined;
  #scope: Scope | undefined;
  #signal: Exchange['signal'] | undefined;

  constructor(base: ExchangeBase, params: Exchange['params'], caller: Caller, operation: string) {
    const { context } = base;
    this.context = { ...context, log: lazyChild(context.log, { reqId: requestContext(base.request).id }) };
    this.ports = base.ports;
    this.verifier = base.verifier;
    this.request = base.request;
    this.response = base.response;
    this.params = params;
    this.isKnown = caller.isKnown;
    this.#caller = caller;
    this.#operation = operation;
  }

  get prefix(): string {
    return removedPrefix(this.context, this.request);
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(splitUrl(this.request.url ?? '/')[1]);
    return this.#query;
  }

  get signal(): Exchange['signal'] {
    this.#signal ??= abortSignalOf(this.response);
    return this.#signal;
  }

  get scope(): Scope {
    this.#scope ??= scopeOf(this.request, this.#caller, this.#operation, this.context.settings.statementTimeout);
    return this.#scope;
  }
}

function scopeOf(request: IncomingMessage, caller: Caller, operation: string, statementTimeout: number): Scope {
  return {
    role: caller.role,
    claims: caller.claims,
    token: caller.token,
    operation,
    statementTimeout,
    request: {
      // Many requests never ask for them.
      get headers() {
        return JSON.stringify(request.headers);
      },
      method: request.method ?? '',
      path: splitUrl(request.url ?? '/')[0],
    },
  };
}

/** Who somebody is by their token. */
export interface Caller {
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly token: string;
  readonly isKnown: boolean;
}

const nobody: Caller = { role: 'anon', claims: { role: 'anon' }, token: '', isKnown: false };

/** Finds out who asks. @throws AccessDenied, ValidationFailed */
export async function identify(
  context: StorageContext,
  verifier: Verifier,
  access: Access,
  header: string | undefined,
): Promise<Caller> {
  if (access === 'open') return nobody;
  if (access === 'optional') {
    const token = bearer(header);
    return token === undefined ? nobody : recognise(context, verifier, token).catch(() => nobody);
  }
  if (header === undefined)
    throw storageError('ValidationFailed', { message: "headers must have required property 'authorization'" });
  return recognise(context, verifier, bearer(header) ?? header);
}

const bearer = (header: string | undefined): string | undefined => /^bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];

/** Recognises the bearer of a token. @throws AccessDenied with the reason in the words clients know */
export async function recognise({ clock }: StorageContext, verifier: Verifier, token: string): Promise<Caller> {
  const deny = (message: string, cause?: unknown) => storageError('AccessDenied', { message, cause });
  try {
    const { claims } = await verifier.verify(token);
    const now = clock.now() / 1_000;
    if (typeof claims.exp === 'number' && claims.exp <= now) throw deny('"exp" claim timestamp check failed');
    if (typeof claims.nbf === 'number' && claims.nbf > now + 30) throw deny('"nbf" claim timestamp check failed');
    const role = typeof claims.role === 'string' && claims.role !== '' ? claims.role : 'anon';
    // SET ROLE NONE would be the owner of everything.
    if (role.toLowerCase() === 'none') throw deny('invalid role');
    // A signed URL's token is no identity.
    if (claims.url !== undefined && claims.role === undefined) throw deny('invalid token');
    return { role, claims, token, isKnown: true };
  } catch (error) {
    if (error instanceof JwtError) throw deny(jwtMessage(error), error);
    throw error;
  }
}

/** Path and query of a request target. */
export function splitUrl(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** The path prefix that a proxy removed, where its word counts. */
function removedPrefix({ settings }: StorageContext, request: IncomingMessage): string {
  const { prefix, viaGateway } = requestContext(request);
  if (viaGateway || prefix !== '') return prefix;
  const given = request.headers['x-forwarded-prefix'];
  return settings.allowForwardedPath && typeof given === 'string' && /^(\/[\w.~-]+)*\/?$/.test(given)
    ? given.replace(/\/$/, '')
    : '';
}

/** Scheme and host by which clients reach storage, and what of `STORAGE_PUBLIC_URL` is path but not the removed prefix. */
export function publicBase({ context, request, prefix }: Exchange): string {
  const { publicUrl } = context.settings;
  if (publicUrl !== undefined)
    return prefix !== '' && publicUrl.endsWith(prefix) ? publicUrl.slice(0, -prefix.length) : publicUrl;
  const encrypted = (request.socket as { encrypted?: boolean }).encrypted === true;
  const proto = headerOf(request, 'x-forwarded-proto')?.split(',')[0]?.trim() ?? (encrypted ? 'https' : 'http');
  return `${proto === 'https' ? 'https' : 'http'}://${forwardedHost(request)}`;
}

/** The host a client named, where proxies say it, with the port unless it is the usual one. */
export function forwardedHost(request: IncomingMessage): string {
  const host =
    (headerOf(request, 'x-forwarded-host') ?? headerOf(request, 'host') ?? 'localhost').split(',')[0]?.trim() ?? '';
  const port = headerOf(request, 'x-forwarded-port')?.split(',')[0]?.trim();
  const isForwarded = request.headers['x-forwarded-host'] !== undefined;
  if (
    !isForwarded ||
    port === undefined ||
    !/^\d+$/.test(port) ||
    host.includes(':') ||
    port === '80' ||
    port === '443'
  )
    return host;
  return `${host}:${port}`;
}

/** One value of a header. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * The body as it arrives; leaving it half read keeps the connection, so that an answer can still be given.
 *
 * @throws RequestTimeout while it is read, when the client stops sending
 */
export const bodyOf = ({ request, context }: Pick<Exchange, 'request' | 'context'>): AsyncIterable<Buffer> =>
  patient(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>, context.settings.idleTimeout);

/** The size a client announces. @throws InvalidRequest when it is no number */
export function declaredLength(request: IncomingMessage): number | undefined {
  const text = headerOf(request, 'content-length');
  return text === undefined ? undefined : Number(text);
}
