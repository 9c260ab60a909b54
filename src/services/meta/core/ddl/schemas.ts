import { quoteIdentifier } from '#kernel/sql';
import { transaction } from './script.ts';

/** Body of a new schema. */
export interface NewSchema {
  readonly name: string;
  readonly owner?: string;
}

/** A schema, owned by `postgres` unless somebody else is named. */
export const createSchema = ({ name, owner = 'postgres' }: NewSchema): string =>
  `create schema ${quoteIdentifier(name)} authorization ${quoteIdentifier(owner)}`;

/** Changes of a schema, the name last. */
export function alterSchema(old: { readonly name: string }, { name, owner }: Partial<NewSchema>): string {
  const alter = `alter schema ${quoteIdentifier(old.name)}`;
  return transaction([
    owner !== undefined && `${alter} owner to ${quoteIdentifier(owner)}`,
    name !== undefined && name !== old.name && `${alter} rename to ${quoteIdentifier(name)}`,
  ]);
}

/** Removes one. */
export const dropSchema = (old: { readonly name: string }, cascade: boolean): string =>
  `drop schema ${quoteIdentifier(old.name)} ${cascade ? 'cascade' : 'restrict'}`;
