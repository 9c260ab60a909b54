import { quoteName, quoteText } from '../quote.ts';

/** What a role may do, and how SQL says that it may or not. */
export const roleAttributes = [
  { key: 'login', label: 'signs in', sql: 'login' },
  { key: 'inherit', label: 'has the rights of the roles it is a member of', sql: 'inherit' },
  { key: 'createDb', label: 'makes databases', sql: 'createdb' },
  { key: 'createRole', label: 'makes roles', sql: 'createrole' },
  { key: 'replication', label: 'replicates', sql: 'replication' },
  { key: 'bypassRls', label: 'passes row level security by', sql: 'bypassrls' },
] as const;

/** One of them. */
export type RoleAttribute = (typeof roleAttributes)[number]['key'];

/** A role as somebody wants it. */
export interface RoleDraft extends Readonly<Record<RoleAttribute, boolean>> {
  readonly name: string;
  /** Connections at most; -1: any number. */
  readonly limit: number;
  /** Until when its password is good; empty: for ever. */
  readonly validUntil: string;
  readonly memberOf: readonly string[];
  /** A verifier of a new password; empty: as it is. Never a password, for statements are logged. */
  readonly verifier: string;
}

/** A role to begin with. */
export const newRole: RoleDraft = {
  name: '',
  login: true,
  inherit: true,
  createDb: false,
  createRole: false,
  replication: false,
  bypassRls: false,
  limit: -1,
  validUntil: '',
  memberOf: [],
  verifier: '',
};

/** Asks for one role: a row of `RoleDraft`. @param id its oid */
export const describeRole = (
  id: number,
): string => `select r.rolname as name, r.rolcanlogin as login, r.rolinherit as inherit, r.rolcreatedb as "createDb", r.rolcreaterole as "createRole",
  r.rolreplication as replication, r.rolbypassrls as "bypassRls", r.rolconnlimit as limit, coalesce(r.rolvaliduntil::text, '') as "validUntil", '' as verifier,
  (select coalesce(json_agg(distinct g.rolname), '[]') from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid) as "memberOf"
from pg_roles r where r.oid = ${Math.trunc(id)}`;

/** What is wrong with it, in words; undefined: nothing. */
export function roleProblem({ name, limit, memberOf }: RoleDraft): string | undefined {
  if (name.trim() === '') return 'A role has a name';
  if (/^pg_/.test(name)) return 'Names that begin with pg_ are the server’s own';
  if (!Number.isInteger(limit) || limit < -1) return 'Connections are a whole number; -1 is any';
  if (memberOf.includes(name)) return 'A role is no member of itself';
  return undefined;
}

/** Statements that make the role, or one of another, in one transaction; empty: they are alike. */
export function roleSql(before: RoleDraft | undefined, after: RoleDraft): string {
  const options = [
    ...roleAttributes
      // What a new role is anyway need not be said.
      .filter(({ key }) => (before ? before[key] : key === 'inherit') !== after[key])
      .map(({ key, sql }) => (after[key] ? sql : `no${sql}`)),
    (before?.limit ?? -1) !== after.limit && `connection limit ${after.limit}`,
    after.verifier !== '' && `password ${quoteText(after.verifier)}`,
    (before?.validUntil ?? '') !== after.validUntil &&
      `valid until ${quoteText(after.validUntil === '' ? 'infinity' : after.validUntil)}`,
  ].filter(Boolean);
  const member = quoteName(after.name);
  const [had, has] = [before?.memberOf ?? [], after.memberOf];
  return [
    before && before.name !== after.name && `alter role ${quoteName(before.name)} rename to ${member};`,
    before
      ? options.length > 0 && `alter role ${member} ${options.join(' ')};`
      : `create role ${member}${options.length > 0 ? ` ${options.join(' ')}` : ''};`,
    ...has.filter((role) => !had.includes(role)).map((role) => `grant ${quoteName(role)} to ${member};`),
    ...had.filter((role) => !has.includes(role)).map((role) => `revoke ${quoteName(role)} from ${member};`),
  ]
    .filter(Boolean)
    .join('\n');
}

/** Drops a role; the server refuses while it owns something or has rights to something. */
export const dropRoleSql = (name: string): string => `drop role ${quoteName(name)};`;
