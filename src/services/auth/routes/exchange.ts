import { isIP } from 'node:net';
import { type FastifyRequest, requestContext } from '#kernel/http';
import type { Verifier } from '#kernel/jwt';
import { lazyChild } from '#kernel/log';
import { type Actor, adminActor } from '../core/audit.ts';
import { assertAdmin, audienceOf, type Bearer, findBearer, tokenOf, verifyToken } from '../core/bearer.ts';
import { type BodyFields, readFields, readForm } from '../core/body-fields.ts';
import type { AuthContext, Caller } from '../core/context.ts';
import { externalUrl } from '../core/external-url.ts';
import { type CodeChallenge, readChallenge } from '../core/pkce.ts';
import { authError } from '../errors.ts';

/** What a handler answers. A body that is undefined is no body. */
export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  /** A body that is no JSON; its type stands in the headers. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request, read for handlers. */
export interface Exchange {
  /** The room's, with a log that names this request in every line. */
  readonly context: AuthContext;
  readonly query: URLSearchParams;
  readonly path: string;
  readonly ip: string | null;
  /** Whether our gateway handed the request over, which knows the client's address. */
  readonly viaGateway: boolean;
  header(name: string): string | undefined;
  parameter(name: string): string;
  /** @throws bad_json */
  fields(): BodyFields;
  /** A form (`application/x-www-form-urlencoded`), or a JSON object of texts in its place. @throws bad_json */
  form(): URLSearchParams;
  /** The caller as core code wants to know them. @param redirectTo an address the body names */
  caller(options?: { readonly redirectTo?: string; readonly bearer?: Bearer }): Caller;
  /** The claims of the bearer token. @throws no_authorization, bad_jwt */
  claims(): Promise<Bearer['claims']>;
}

/** Reads a request for handlers. */
export function openExchange(room: AuthContext, verifier: Verifier, request: FastifyRequest): Exchange {
  const context: AuthContext = { ...room, log: lazyChild(room.log, { reqId: requestContext(request.raw).id }) };
  const url = request.raw.url ?? '/';
  const mark = url.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const ip = clientAddress(context, request, header);
  return {
    context,
    query,
    path: mark < 0 ? url : url.slice(0, mark),
    ip,
    viaGateway: requestContext(request.raw).viaGateway,
    header,
    parameter: (name) => (request.params as Record<string, string>)[name] ?? '',
    fields: () => readFields(request.body as Buffer | undefined),
    form: () => readForm(request.body as Buffer | undefined),
    caller({ redirectTo, bearer } = {}) {
      const { settings, redirects } = context;
      return {
        ip,
        userAgent: header('user-agent') ?? null,
        externalUrl: externalUrl(
          { base: context.externalBase(), hosts: settings.externalHosts },
          header('x-forwarded-host'),
          header('host'),
          header('x-forwarded-proto'),
        ),
        redirectTo: redirects.choose([
          redirectTo,
          header('redirect_to'),
          query.get('redirect_to') ?? undefined,
          header('referer'),
        ]),
        aud: audienceOf(settings, header('x-jwt-aud'), bearer?.claims),
      };
    },
    claims: () => verifyToken(verifier, context.settings, tokenOf(header('authorization')), context.clock.now()),
  };
}

// Behind our gateway the client's address is known; on the room's own port the usual headers are all there is.
function clientAddress(
  context: AuthContext,
  request: FastifyRequest,
  header: (name: string) => string | undefined,
): string | null {
  const { viaGateway, remoteAddress } = requestContext(request.raw);
  const told = context.settings.sbForwardedFor ? header('sb-forwarded-for') : undefined;
  const forwarded = viaGateway ? undefined : header('x-forwarded-for');
  for (const candidate of [...(told?.split(',', 1) ?? []), ...(forwarded?.split(',') ?? []), remoteAddress]) {
    // A zone index names an interface of this machine; PostgreSQL does not know it.
    const address = candidate.trim().replace(/%.*$/, '');
    if (isIP(address) !== 0) return address;
  }
  return null;
}

/** Who asks, for endpoints of users. */
export const userOf = async (exchange: Exchange): Promise<Bearer> =>
  findBearer(exchange.context, await exchange.claims());

/** Who asks, for endpoints that anonymous users may not use. @throws no_authorization */
export async function permanentUserOf(exchange: Exchange): Promise<Bearer> {
  const bearer = await userOf(exchange);
  if (bearer.claims.is_anonymous === true)
    throw authError('no_authorization', {
      status: 403,
      message: 'Anonymous user not allowed to perform these actions',
    });
  return bearer;
}

/** Who asks, for admin endpoints. */
export const adminOf = async (exchange: Exchange): Promise<Actor> =>
  adminActor(await assertAdmin(exchange.context, await exchange.claims()));

/**
 * The host that a browser asked which keeps the cookies of the answer (Fetch Metadata, W3C, §2.2 and §2.3): it goes there
 * itself, or a page of the same origin asks. Pages of other origins get no cookies unless they say so, and programs none.
 */
export function browserHost({ header }: Exchange): string | undefined {
  const keeps = header('sec-fetch-mode') === 'navigate' || header('sec-fetch-site') === 'same-origin';
  return keeps ? header('host') : undefined;
}

/** The PKCE parameters of a body. @throws validation_failed */
export const challengeOf = (fields: BodyFields): CodeChallenge | undefined =>
  readChallenge(fields.text('code_challenge'), fields.text('code_challenge_method'));
