import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServiceError } from '#kernel/errors';
import { requestContext, sendJson, setRequestContext } from '#kernel/http';
import type { Mount } from '#kernel/lifecycle';
import { callAsHeader, callToken } from '../core/call-as.ts';
import type { Caller } from '../core/caller.ts';
import type { StudioContext } from '../core/context.ts';
import { offerOf } from '../core/rooms.ts';
import { isOwnOrigin, isOwnRequest } from '../core/same-origin.ts';
import { readSession } from '../core/session.ts';
import { studioError } from '../errors.ts';
import { callerOf } from '../routes/caller.ts';
import { addAuditEntry } from '../sql/audit.ts';
import { makeInert } from './inert-response.ts';

/** Paths below this go to other rooms: `/api/rooms/<room>/<path>`. */
export const roomsPrefix = '/api/rooms/';

// Rooms that answer as whoever asks is, so that an operator may ask as somebody else.
const asSomebody: ReadonlySet<string> = new Set(['invoke', 'rest']);

// Rooms whose sockets are passed on. What a function answers to a handshake would reach the browser as it is.
const withSockets: ReadonlySet<string> = new Set(['realtime', 'analytics']);

interface Admitted {
  readonly mount: Mount;
  readonly caller: Caller;
  readonly reads: boolean;
  readonly room: string;
  readonly path: string;
  readonly reqId: string;
  /** Whether it would be let in once more. */
  readonly isStillWelcome: () => Promise<boolean>;
}

/** Passes requests of the dashboard on to other rooms of the process, with the server's key in place of the session. */
export interface PassOn {
  handle(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** @param context of the running room */
export function createPassOn(context: StudioContext): PassOn {
  async function admit(request: IncomingMessage, isOwn: boolean): Promise<Admitted> {
    if (!isOwn) throw studioError('foreign_origin');
    const caller = await callerOf(context, request);
    if (!caller) throw studioError('signed_out');
    const [path = '', query] = (request.url ?? '').slice(roomsPrefix.length).split(/\?(.*)/s, 2);
    const at = path.indexOf('/') < 0 ? path.length : path.indexOf('/');
    const [room, rest] = [path.slice(0, at), path.slice(at) || '/'];
    const offered = offerOf(room, request.method ?? 'GET', rest, caller.role);
    if (offered.kind === 'refuse') throw studioError(offered.error);
    const mount = context.ports.mount(offered.target.mount);
    if (!mount) throw studioError('room_absent');
    const { cookie } = request.headers;
    const isStillWelcome = async (): Promise<boolean> => {
      // Who came without a session did so for this request alone.
      if (!caller.session) return true;
      const role = (await readSession(context, cookie))?.role;
      return role !== undefined && offerOf(room, request.method ?? 'GET', rest, role).kind === 'pass';
    };
    await prepare(request, caller, room);
    request.url = offered.target.prefix + rest + (query ? `?${query}` : '');
    return { mount, caller, reads: offered.reads, room, path: rest, reqId: requestContext(request).id, isStillWelcome };
  }

  // The room sees the server's key; nothing a browser sent may speak for it.
  async function prepare(request: IncomingMessage, caller: Caller, room: string): Promise<void> {
    const { headers } = request;
    const as = headers[callAsHeader];
    for (const name in headers)
      if (
        /^(cookie|apikey|authorization|x-api-key|sb-api-key|x-connection-encrypted|x-pg-application-name)$|^x-(consumer|studio)-/.test(
          name,
        )
      )
        delete headers[name];
    const service = context.ports.serviceKey();
    const key = asSomebody.has(room) ? await tokenOf(as) : service;
    if (room === 'analytics') {
      const logsKey = context.ports.logsKey();
      if (logsKey !== undefined) headers['x-api-key'] = logsKey;
    } else if (key !== undefined) {
      headers.authorization = `Bearer ${key}`;
      if (room === 'realtime' || room === 'invoke') headers['x-api-key'] = key;
    }
    headers['x-forwarded-prefix'] = roomsPrefix + room;
    if (room === 'meta') {
      const sealed = context.ports.sealedConnection(caller.role === 'read-only' ? 'read' : 'write');
      if (sealed === undefined) throw studioError('room_absent');
      headers['x-connection-encrypted'] = sealed;
      headers['x-pg-application-name'] = `studio ${caller.name}`.slice(0, 63);
    }
    setRequestContext(request, { prefix: roomsPrefix + room, viaGateway: true });
  }

  async function tokenOf(as: string | readonly string[] | undefined): Promise<string | undefined> {
    const { serviceKey, project, userToken } = context.ports;
    const found = await callToken(as, { service: serviceKey(), anon: project().anonKey, user: userToken });
    if (found === 'no-user') throw studioError('no_user');
    return found.token;
  }

  /** Ends what goes on for long when its session is over. @param ending emits `close` */
  function watch(ending: Duplex | ServerResponse, { isStillWelcome, reqId }: Admitted): void {
    let isAsking = false;
    const look = async (): Promise<void> => {
      if (isAsking) return;
      isAsking = true;
      try {
        if (!(await isStillWelcome())) ending.destroy();
      } catch (error) {
        // The database is away: that is no reason to end it.
        context.log.debug({ reqId, err: error }, 'a session could not be looked at');
      }
      isAsking = false;
    };
    const timer = setInterval(() => void look(), context.settings.sessionCheck);
    timer.unref();
    ending.once('close', () => clearInterval(timer));
  }

  function noteWhenDone(response: ServerResponse, method: string | undefined, admitted: Admitted): void {
    const { caller, room, path, reqId } = admitted;
    response.once('finish', () => {
      const entry = {
        operator: caller.name,
        action: `${room} ${method}`,
        target: `${decoded(path)} → ${response.statusCode}`,
        address: caller.address,
      };
      addAuditEntry(context.db, entry, context.clock.now()).catch((error: unknown) =>
        context.log.error({ reqId, err: error }, 'the audit log could not be written'),
      );
    });
  }

  return {
    handle(request, response) {
      const { method } = request;
      admit(request, isOwnRequest(method, request.headers)).then(
        (admitted) => {
          makeInert(response);
          watch(response, admitted);
          if (!admitted.reads) noteWhenDone(response, method, admitted);
          admitted.mount.handle(request, response);
        },
        (error: unknown) => {
          const known = asKnown(context, request, error);
          request.resume();
          sendJson(response, known.status, { code: known.code, message: known.message }, { ...known.headers });
        },
      );
    },
    upgrade(request, socket, head) {
      // Until somebody takes the socket over, its failure has to be heard.
      const ignore = () => socket.destroy();
      socket.on('error', ignore);
      admit(request, isOwnOrigin(request.headers)).then(
        (admitted) => {
          const { mount, room } = admitted;
          if (!mount.upgrade || !withSockets.has(room))
            return refuseUpgrade(request, socket, studioError('path_not_offered'));
          watch(socket, admitted);
          socket.off('error', ignore);
          mount.upgrade(request, socket, head);
        },
        (error: unknown) => refuseUpgrade(request, socket, asKnown(context, request, error)),
      );
    },
  };
}

function asKnown({ log }: StudioContext, request: IncomingMessage, error: unknown): ServiceError {
  if (error instanceof Error && error.name === 'ServiceError') return error as ServiceError;
  log.error({ reqId: requestContext(request).id, err: error }, 'studio could not pass a request on');
  return studioError('internal', { cause: error });
}

function refuseUpgrade(request: IncomingMessage, socket: Duplex, { status, message }: ServiceError): void {
  const { id } = requestContext(request);
  socket.end(`HTTP/1.1 ${status} ${message}\r\nX-Request-Id: ${id}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
