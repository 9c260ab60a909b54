import type { Role } from '../sql/role.ts';
import { reaches } from './role.ts';

/** One kind of request that is passed on to a room. */
interface Offer {
  readonly room: string;
  readonly methods: readonly string[];
  /** Of the path behind the room's name, without the query. */
  readonly path: RegExp;
  /** Least role it takes. */
  readonly role: Role;
  /** True: looks only, so that it is not noted in the audit log. */
  readonly reads: boolean;
}

/** Where requests for a room go. */
export interface RoomTarget {
  readonly mount: string;
  /** Put before the path. */
  readonly prefix: string;
}

/** The rooms the dashboard talks to, by the name in its paths. */
export const roomTargets: Readonly<Record<string, RoomTarget>> = {
  meta: { mount: 'meta', prefix: '' },
  auth: { mount: 'auth', prefix: '' },
  rest: { mount: 'rest', prefix: '' },
  storage: { mount: 'storage', prefix: '' },
  functions: { mount: 'functions-management', prefix: '/v1/projects' },
  invoke: { mount: 'functions', prefix: '' },
  analytics: { mount: 'analytics', prefix: '' },
  realtime: { mount: 'realtime', prefix: '/socket' },
  inbox: { mount: 'inbox', prefix: '/inbox' },
};

const look = (room: string, path: RegExp, ...methods: string[]): Offer => ({
  room,
  methods: methods.length > 0 ? methods : ['GET', 'HEAD'],
  path,
  role: 'read-only',
  reads: true,
});
const work = (room: string, path: RegExp, ...methods: string[]): Offer => ({
  room,
  methods: methods.length > 0 ? methods : ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  path,
  role: 'developer',
  reads: false,
});

/**
 * All that is passed on, and for whom; what is not here is not passed on. Looking comes first: the first that fits counts.
 * Read-only operators reach meta under a database role that can only read, so that their SQL is offered here too.
 */
export const offers: readonly Offer[] = [
  look('meta', /^\/query(\/run|\/format|\/parse|\/deparse)?$/, 'POST'),
  look('meta', /^\/[a-z-]+(\/[\w.-]+)*$/),
  work('meta', /^\/[a-z-]+(\/[\w.-]+)*$/),
  look('auth', /^\/(settings|health)$/),
  look('auth', /^\/admin\/users(\/[\w-]+(\/factors)?)?$/),
  look('auth', /^\/admin\/(audit|sso\/providers|custom-providers|oauth\/clients)(\/[\w:-]+)?$/),
  work('auth', /^\/admin\/.+$/),
  work('auth', /^\/(invite|recover|magiclink|otp|resend)$/, 'POST'),
  look('rest', /^\/([\w%.-]+)?$/),
  work('rest', /^\/.*$/),
  look('storage', /^\/bucket(\/[^/]+)?$/),
  look('storage', /^\/object\/(list|list-v2|sign)\/.+$/, 'POST'),
  look('storage', /^\/(object|render\/image)\/(authenticated|public|info)\/.+$/),
  work('storage', /^\/(bucket|object|upload|render)(\/.*)?$/),
  look('functions', /^\/[\w-]+\/functions(\/[\w-]+(\/(body|logs|invocations|files(\/.+)?))?)?$/),
  work('functions', /^\/[\w-]+\/.+$/),
  work('invoke', /^\/[\w-]+(\/.*)?$/),
  look('analytics', /^\/api\/endpoints\/.+$/, 'GET', 'HEAD', 'POST'),
  look('analytics', /^\/api\/logs\/tail$/),
  look('inbox', /^\/messages\.json$/),
  work('realtime', /^\/websocket$/, 'GET'),
];

/** What becomes of a request for a room. */
export type Offered =
  | { readonly kind: 'pass'; readonly target: RoomTarget; readonly reads: boolean }
  | { readonly kind: 'refuse'; readonly error: 'path_not_offered' | 'role_too_low' };

/**
 * Decides whether a request is passed on.
 *
 * @param path behind the room's name, percent-escapes and all, without the query
 */
export function offerOf(room: string, method: string, path: string, role: Role): Offered {
  const target = Object.hasOwn(roomTargets, room) ? roomTargets[room] : undefined;
  if (!target || !isPlain(path)) return { kind: 'refuse', error: 'path_not_offered' };
  const fits = offers.filter((offer) => offer.room === room && offer.methods.includes(method) && offer.path.test(path));
  if (fits.length === 0) return { kind: 'refuse', error: 'path_not_offered' };
  const offer = fits.find((each) => reaches(role, each.role));
  return offer ? { kind: 'pass', target, reads: offer.reads } : { kind: 'refuse', error: 'role_too_low' };
}

// A path that a room could read as another one is none that was judged.
function isPlain(path: string): boolean {
  if (/[\\\0]|%00|%5c/i.test(path)) return false;
  return path.split('/').every((segment) => !/^\.{1,2}$/.test(segment.replace(/%2e/gi, '.')));
}
