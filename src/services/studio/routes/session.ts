import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { StudioContext } from '../core/context.ts';
import { askForPasskey, signInWithPasskey } from '../core/passkeys.ts';
import { isOwnRequest } from '../core/same-origin.ts';
import { sessionCookie } from '../core/session.ts';
import { signIn } from '../core/sign-in.ts';
import { studioError } from '../errors.ts';
import { endSession, listSessions } from '../sql/sessions.ts';
import { addressOf, callerOf } from './caller.ts';
import { safeHeaders } from './page.ts';
import type { Route } from './route.ts';

const isSecure = ({ headers }: FastifyRequest): boolean => headers['x-forwarded-proto'] === 'https';

/** `POST /api/studio/session` `{name, password, code?}`, for everybody: signs in. 204 with a cookie; 401, 429. */
export function signInRoute(context: StudioContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (!isOwnRequest(request.method, request.headers)) throw studioError('foreign_origin');
    const { name, password, code } = (request.body ?? {}) as Record<string, unknown>;
    if (
      typeof name !== 'string' ||
      typeof password !== 'string' ||
      name === '' ||
      name.length > 200 ||
      password.length > 1_000
    )
      throw studioError('invalid_request');
    const token = await signIn(context, {
      name,
      password,
      code: typeof code === 'string' && code !== '' ? code : undefined,
      address: addressOf(request.raw),
      agent: request.headers['user-agent'] ?? '',
    });
    return withSession(context, request, reply, token);
  };
}

/** `POST /api/studio/session/passkey`, for everybody: `{}` gives options for the browser, its `{id, credential}` signs in. */
export function passkeySignInRoute(context: StudioContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (!isOwnRequest(request.method, request.headers)) throw studioError('foreign_origin');
    const { id, credential } = (request.body ?? {}) as Record<string, unknown>;
    const from = {
      origin: request.headers.origin,
      address: addressOf(request.raw),
      agent: request.headers['user-agent'] ?? '',
    };
    if (credential === undefined) return askForPasskey(context, from);
    return withSession(
      context,
      request,
      reply,
      await signInWithPasskey(context, { ...from, reqId: request.id, id, credential }),
    );
  };
}

function withSession(
  context: StudioContext,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
): FastifyReply {
  void reply.header('set-cookie', sessionCookie(token, context.settings.sessionLifetime, isSecure(request)));
  return reply.code(204).send();
}

/** `GET /api/studio/session`, for everybody: who is signed in and what the shell shows of the project; `null` for nobody. */
export function sessionRoute(context: StudioContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    void reply.headers(safeHeaders).header('cache-control', 'no-store').type('application/json; charset=utf-8');
    const caller = await callerOf(context, request.raw);
    if (!caller) return reply.send('null');
    const { settings, ports } = context;
    return {
      name: caller.name,
      role: caller.role,
      sessionId: caller.session?.id ?? null,
      fromSettings: caller.name === ports.owner.username,
      secondFactor: caller.session?.secondFactor ?? false,
      organization: settings.organization,
      project: settings.project,
    };
  };
}

/** Signs out. */
export const sessionDelete: Route = {
  method: 'DELETE',
  path: '/session',
  role: 'read-only',
  async handle({ caller, context, request, reply, note }) {
    if (caller.session) await endSession(context.db, caller.session.id, caller.session.operatorId);
    await note('sign-out', '');
    return reply
      .header('set-cookie', sessionCookie('', 0, isSecure(request)))
      .code(204)
      .send();
  },
};

/** The own sessions. */
export const sessionsGet: Route = {
  method: 'GET',
  path: '/sessions',
  role: 'read-only',
  handle: async ({ caller, context }) =>
    caller.session ? listSessions(context.db, caller.session.operatorId, context.clock.now()) : [],
};

/** Ends one of the own sessions. */
export const sessionsDelete: Route = {
  method: 'DELETE',
  path: '/sessions/:id',
  role: 'read-only',
  async handle({ caller, context, request, reply, note }) {
    const { id } = request.params as { readonly id: string };
    const isOne = /^[0-9a-f-]{36}$/.test(id) && caller.session !== undefined;
    if (!isOne || !(await endSession(context.db, id, caller.session.operatorId))) throw studioError('not_found');
    await note('session ended', id);
    return reply.code(204).send();
  },
};
