import { quoteIdentifier } from '#kernel/sql';
import { commentOn, qualified, transaction } from './script.ts';

/** Body of a new table. */
export interface NewTable {
  readonly name: string;
  readonly schema?: string;
  readonly comment?: string | null;
}

/** What can be changed of one. */
export interface TableChange {
  readonly name?: string;
  readonly schema?: string;
  readonly rls_enabled?: boolean;
  readonly rls_forced?: boolean;
  readonly replica_identity?: 'DEFAULT' | 'INDEX' | 'FULL' | 'NOTHING';
  readonly replica_identity_index?: string;
  readonly primary_keys?: readonly { readonly name: string }[];
  readonly comment?: string | null;
}

/** What has to be known of the table as it is. */
export interface KnownTable {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
}

/** A table without columns. */
export function createTable({ name, schema = 'public', comment }: NewTable): string {
  const table = qualified(schema, name);
  return transaction([`create table ${table} ()`, commentOn('table', table, comment)]);
}

/** Changes of a table; the name last, since everything before speaks of the old one. */
export function alterTable(old: KnownTable, change: TableChange, primaryKey: string | undefined): string {
  const table = qualified(old.schema, old.name);
  const alter = `alter table ${table}`;
  const { rls_enabled, rls_forced, replica_identity, replica_identity_index, primary_keys, comment, schema, name } =
    change;
  const identity =
    replica_identity === 'INDEX' ? `using index ${quoteIdentifier(replica_identity_index ?? '')}` : replica_identity;
  const moved = schema !== undefined && schema !== old.schema;
  return transaction([
    rls_enabled !== undefined && `${alter} ${rls_enabled ? 'enable' : 'disable'} row level security`,
    rls_forced !== undefined && `${alter} ${rls_forced ? 'force' : 'no force'} row level security`,
    identity && `${alter} replica identity ${identity}`,
    primary_keys && primaryKey !== undefined && `${alter} drop constraint ${quoteIdentifier(primaryKey)}`,
    primary_keys &&
      primary_keys.length > 0 &&
      `${alter} add primary key (${primary_keys.map((key) => quoteIdentifier(key.name)).join(', ')})`,
    commentOn('table', table, comment),
    moved && `${alter} set schema ${quoteIdentifier(schema)}`,
    name !== undefined &&
      name !== old.name &&
      `alter table ${qualified(moved ? schema : old.schema, old.name)} rename to ${quoteIdentifier(name)}`,
  ]);
}

/** Removes one. */
export const dropTable = (old: KnownTable, cascade: boolean): string =>
  `drop table ${qualified(old.schema, old.name)} ${cascade ? 'cascade' : 'restrict'}`;
