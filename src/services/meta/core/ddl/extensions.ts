import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import { transaction } from './script.ts';

/** Body of an extension to install. */
export interface NewExtension {
  readonly name: string;
  readonly schema?: string;
  readonly version?: string;
  readonly cascade?: boolean;
}

/** What can be changed of one. */
export interface ExtensionChange {
  readonly update?: boolean;
  readonly version?: string;
  readonly schema?: string;
}

/** Installs one. */
export const createExtension = ({ name, schema, version, cascade }: NewExtension): string =>
  [
    `create extension ${quoteIdentifier(name)}`,
    schema === undefined ? '' : `schema ${quoteIdentifier(schema)}`,
    version === undefined ? '' : `version ${quoteLiteral(version)}`,
    cascade ? 'cascade' : '',
  ].join(' ');

/** Changes of one. */
export function alterExtension(name: string, { update, version, schema }: ExtensionChange): string {
  const alter = `alter extension ${quoteIdentifier(name)}`;
  return transaction([
    update && `${alter} update${version === undefined ? '' : ` to ${quoteLiteral(version)}`}`,
    schema !== undefined && `${alter} set schema ${quoteIdentifier(schema)}`,
  ]);
}

/** Removes one. */
export const dropExtension = (name: string, cascade: boolean): string =>
  `drop extension ${quoteIdentifier(name)} ${cascade ? 'cascade' : 'restrict'}`;
