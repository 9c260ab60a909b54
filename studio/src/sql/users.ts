import { quoteText } from './quote.ts';

/** What lists of users can be narrowed to. */
export const userStates = ['all', 'confirmed', 'waiting', 'banned', 'anonymous'] as const;

/** One of these. */
export type UserState = (typeof userStates)[number];

/** A user as lists show them. Times are ISO 8601 with all digits. */
export interface ListedUser {
  readonly id: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly name: string | null;
  readonly createdAt: string | null;
  readonly lastSignInAt: string | null;
  readonly confirmedAt: string | null;
  readonly bannedUntil: string | null;
  readonly anonymous: boolean;
  readonly providers: readonly string[];
}

/** A way a user signs in. */
export interface UserIdentity {
  readonly id: string;
  readonly provider: string;
  readonly subject: string;
  readonly email: string | null;
  readonly lastSignInAt: string | null;
}

/** A session of a user. */
export interface UserSession {
  readonly id: string;
  readonly createdAt: string;
  readonly refreshedAt: string | null;
  readonly aal: string | null;
  readonly agent: string | null;
  readonly address: string | null;
}

/** A second factor of a user. */
export interface UserFactor {
  readonly id: string;
  readonly name: string | null;
  readonly type: string;
  readonly status: string;
  readonly createdAt: string;
}

/** All there is to show of one user; no hash and no token. */
export interface WholeUser extends ListedUser {
  readonly role: string | null;
  readonly deletedAt: string | null;
  readonly emailConfirmedAt: string | null;
  readonly phoneConfirmedAt: string | null;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
  readonly appMetadata: Readonly<Record<string, unknown>> | null;
  readonly identities: readonly UserIdentity[];
  readonly sessions: readonly UserSession[];
  readonly factors: readonly UserFactor[];
}

/** Where a page of users begins: behind this one. */
export type UserCursor = Pick<ListedUser, 'id' | 'createdAt'>;

/** Which users, and how many. */
export interface UserQuery {
  /** Part of an address, number or name, or the beginning of an id. */
  readonly search: string;
  readonly state: UserState;
}

const time = (column: string): string => `to_json(u.${column}) #>> '{}'`;

const listed = `u.id, nullif(u.email, '') as email, nullif(u.phone, '') as phone,
  coalesce(u.raw_user_meta_data ->> 'full_name', u.raw_user_meta_data ->> 'name') as name,
  ${time('created_at')} as "createdAt", ${time('last_sign_in_at')} as "lastSignInAt",
  ${time('confirmed_at')} as "confirmedAt", ${time('banned_until')} as "bannedUntil", u.is_anonymous as anonymous,
  coalesce((select json_agg(distinct i.provider) from auth.identities i where i.user_id = u.id), '[]') as providers`;

const states: Readonly<Record<UserState, string>> = {
  all: 'true',
  confirmed: 'u.confirmed_at is not null',
  waiting: 'u.confirmed_at is null and not u.is_anonymous',
  banned: 'u.banned_until > now()',
  anonymous: 'u.is_anonymous',
};

function condition({ search, state }: UserQuery): string {
  const text = search.trim();
  const parts = ['u.deleted_at is null', states[state]];
  if (text !== '') {
    const escaped = text.replace(/[\\%_]/g, '\\$&');
    const [within, beginning] = [quoteText(`%${escaped}%`), quoteText(`${escaped.toLowerCase()}%`)];
    parts.push(
      `(u.email ilike ${within} or u.phone like ${within} or u.id::text like ${beginning}
        or u.raw_user_meta_data ->> 'full_name' ilike ${within} or u.raw_user_meta_data ->> 'name' ilike ${within})`,
    );
  }
  return parts.join(' and ');
}

/** A page of users, the newest first. */
export function listUsers(query: UserQuery, after: UserCursor | undefined, limit: number): string {
  const behind =
    after === undefined
      ? ''
      : `and (coalesce(u.created_at, '-infinity'), u.id) < (${
          after.createdAt === null ? `'-infinity'::timestamptz` : `${quoteText(after.createdAt)}::timestamptz`
        }, ${quoteText(after.id)}::uuid)`;
  return `select ${listed} from auth.users u where ${condition(query)} ${behind}
order by coalesce(u.created_at, '-infinity') desc, u.id desc limit ${Math.trunc(limit)}`;
}

/** How many users there are, up to a bound. */
export const countUsers = (query: UserQuery, bound: number): string =>
  `select count(*)::int as count from (select from auth.users u where ${condition(query)} limit ${Math.trunc(bound)}) found`;

/** One user with identities, sessions and factors. */
export const wholeUser = (id: string): string => `select ${listed}, u.role, ${time('deleted_at')} as "deletedAt",
  ${time('email_confirmed_at')} as "emailConfirmedAt", ${time('phone_confirmed_at')} as "phoneConfirmedAt",
  u.raw_user_meta_data as "userMetadata", u.raw_app_meta_data as "appMetadata",
  coalesce((select json_agg(json_build_object('id', i.id, 'provider', i.provider, 'subject', i.provider_id, 'email', i.email,
    'lastSignInAt', i.last_sign_in_at) order by i.created_at) from auth.identities i where i.user_id = u.id), '[]') as identities,
  coalesce((select json_agg(s order by s."createdAt" desc) from (select s.id, s.created_at as "createdAt",
    s.refreshed_at as "refreshedAt", s.aal, s.user_agent as agent, host(s.ip) as address
    from auth.sessions s where s.user_id = u.id order by s.created_at desc limit 100) s), '[]') as sessions,
  coalesce((select json_agg(json_build_object('id', f.id, 'name', nullif(f.friendly_name, ''), 'type', f.factor_type,
    'status', f.status, 'createdAt', f.created_at) order by f.created_at) from auth.mfa_factors f where f.user_id = u.id), '[]') as factors
from auth.users u where u.id = ${quoteText(id)}::uuid`;

/** Ends sessions of a user: one, or all of them. Refresh tokens go with them. */
export const endSessions = (userId: string, sessionId?: string): string =>
  `delete from auth.sessions where user_id = ${quoteText(userId)}::uuid${
    sessionId === undefined ? '' : ` and id = ${quoteText(sessionId)}::uuid`
  }`;
