import { quoteIdentifier } from '#kernel/sql';
import { qualified, transaction } from './script.ts';

/** Body of a new policy. */
export interface NewPolicy {
  readonly name: string;
  readonly table: string;
  readonly schema?: string;
  readonly definition?: string;
  readonly check?: string;
  readonly action?: 'PERMISSIVE' | 'RESTRICTIVE';
  readonly command?: 'ALL' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly roles?: readonly string[];
}

/** What can be changed of one. */
export type PolicyChange = Partial<Pick<NewPolicy, 'name' | 'definition' | 'check' | 'roles'>>;

/** What has to be known of a policy as it is. */
export interface KnownPolicy {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
}

/** A policy on a table. */
export function createPolicy(policy: NewPolicy): string {
  const { name, table, schema = 'public', definition, check, action = 'PERMISSIVE', command = 'ALL' } = policy;
  return [
    `create policy ${quoteIdentifier(name)} on ${qualified(schema, table)}`,
    `as ${action} for ${command} to ${roleList(policy.roles ?? ['public'])}`,
    definition ? `using (${definition})` : '',
    check ? `with check (${check})` : '',
  ].join(' ');
}

/** Changes of a policy, the name last. */
export function alterPolicy(old: KnownPolicy, change: PolicyChange): string {
  const alter = `alter policy ${quoteIdentifier(old.name)} on ${qualified(old.schema, old.table)}`;
  return transaction([
    change.definition !== undefined && `${alter} using (${change.definition})`,
    change.check !== undefined && `${alter} with check (${change.check})`,
    change.roles !== undefined && `${alter} to ${roleList(change.roles)}`,
    change.name !== undefined && change.name !== old.name && `${alter} rename to ${quoteIdentifier(change.name)}`,
  ]);
}

/** Removes one. */
export const dropPolicy = (old: KnownPolicy): string =>
  `drop policy ${quoteIdentifier(old.name)} on ${qualified(old.schema, old.table)}`;

const specialRoles: readonly string[] = ['public', 'current_user', 'session_user', 'current_role'];

/** Roles by name; the words that stand for somebody are no names. */
export const roleList = (roles: readonly string[]): string =>
  roles.map((role) => (specialRoles.includes(role.toLowerCase()) ? role : quoteIdentifier(role))).join(', ');
