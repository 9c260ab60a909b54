import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import { settingClause, transaction } from './script.ts';

interface RoleAttributes {
  readonly is_superuser?: boolean;
  readonly can_create_db?: boolean;
  readonly can_create_role?: boolean;
  readonly inherit_role?: boolean;
  readonly can_login?: boolean;
  readonly is_replication_role?: boolean;
  readonly can_bypass_rls?: boolean;
  readonly connection_limit?: number;
  readonly password?: string;
  readonly valid_until?: string;
}

/** Body of a new role. */
export interface NewRole extends RoleAttributes {
  readonly name: string;
  readonly member_of?: readonly string[];
  readonly members?: readonly string[];
  readonly admins?: readonly string[];
  readonly config?: Readonly<Record<string, string>>;
}

/** What can be changed of one; settings by operations in the manner of JSON Patch. */
export interface RoleChange extends RoleAttributes {
  readonly name?: string;
  readonly config?: readonly {
    readonly op: 'add' | 'replace' | 'remove';
    readonly path: string;
    readonly value?: string;
  }[];
}

/** A role with its memberships and settings. */
export function createRole(role: NewRole): string {
  const name = quoteIdentifier(role.name);
  const { member_of = [], members = [], admins = [], config = {} } = role;
  const clauses = [
    ...attributes(role),
    member_of.length > 0 && `in role ${names(member_of)}`,
    members.length > 0 && `role ${names(members)}`,
    admins.length > 0 && `admin ${names(admins)}`,
  ];
  return transaction([
    `create role ${name} ${clauses.filter(Boolean).join(' ')}`,
    ...Object.entries(config).map(([setting, value]) => `alter role ${name} ${settingClause(setting, value)}`),
  ]);
}

/** Changes of a role. A new password comes after a new name, since renaming clears MD5 ones. */
export function alterRole(old: { readonly name: string }, change: RoleChange): string {
  const { password, ...rest } = change;
  const renamed = change.name !== undefined && change.name !== old.name;
  const alter = `alter role ${quoteIdentifier(old.name)}`;
  const clauses = attributes(rest);
  const config = (change.config ?? []).map(({ op, path, value }) =>
    op === 'remove'
      ? `${alter} reset ${path.split('.').map(quoteIdentifier).join('.')}`
      : `${alter} ${settingClause(path, value ?? '')}`,
  );
  return transaction([
    clauses.length > 0 && `${alter} ${clauses.join(' ')}`,
    ...config,
    renamed && `${alter} rename to ${quoteIdentifier(change.name)}`,
    password !== undefined &&
      `alter role ${quoteIdentifier(renamed ? change.name : old.name)} password ${quoteLiteral(password)}`,
  ]);
}

/** Removes one. */
export const dropRole = (old: { readonly name: string }): string => `drop role ${quoteIdentifier(old.name)}`;

function attributes(role: RoleAttributes): string[] {
  const flag = (value: boolean | undefined, word: string) => (value === undefined ? [] : [value ? word : `no${word}`]);
  return [
    ...flag(role.is_superuser, 'superuser'),
    ...flag(role.can_create_db, 'createdb'),
    ...flag(role.can_create_role, 'createrole'),
    ...flag(role.inherit_role, 'inherit'),
    ...flag(role.can_login, 'login'),
    ...flag(role.is_replication_role, 'replication'),
    ...flag(role.can_bypass_rls, 'bypassrls'),
    ...(role.connection_limit === undefined ? [] : [`connection limit ${Math.trunc(role.connection_limit)}`]),
    ...(role.password === undefined ? [] : [`password ${quoteLiteral(role.password)}`]),
    ...(role.valid_until === undefined ? [] : [`valid until ${quoteLiteral(role.valid_until)}`]),
  ];
}

const names = (roles: readonly string[]): string => roles.map(quoteIdentifier).join(', ');
