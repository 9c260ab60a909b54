import { quoteIdentifier } from '#kernel/sql';
import { qualified, transaction } from './script.ts';

interface Published {
  readonly publish_insert?: boolean;
  readonly publish_update?: boolean;
  readonly publish_delete?: boolean;
  readonly publish_truncate?: boolean;
}

/** Body of a new publication. */
export interface NewPublication extends Published {
  readonly name: string;
  /** `schema.table` each; null or left out: all tables. */
  readonly tables?: readonly string[] | null;
}

/** What can be changed of one. */
export interface PublicationChange extends Partial<NewPublication> {
  readonly owner?: string;
}

/** What has to be known of a publication as it is. */
export interface KnownPublication extends Required<Published> {
  readonly name: string;
  readonly owner: string;
  readonly tables: readonly { readonly schema: string; readonly name: string }[] | null;
}

/** A publication. What is not asked for is not published. */
export function createPublication(body: NewPublication): string {
  return `create publication ${quoteIdentifier(body.name)}${forTables(body.tables)} with (publish = '${events(body)}')`;
}

/** Changes of a publication. Between "all tables" and a list it has to be made anew. */
export function alterPublication(old: KnownPublication, change: PublicationChange): string {
  const name = quoteIdentifier(old.name);
  const merged = { ...old, ...definedOf(change) };
  const { tables } = change;
  const isRemade = tables !== undefined && (tables === null) !== (old.tables === null);
  return transaction([
    ...(isRemade
      ? [
          `drop publication ${name}`,
          `create publication ${name}${forTables(tables)} with (publish = '${events(merged)}')`,
          `alter publication ${name} owner to ${quoteIdentifier(change.owner ?? old.owner)}`,
        ]
      : [
          `alter publication ${name} set (publish = '${events(merged)}')`,
          ...(tables && old.tables ? listChanges(name, old.tables, tables) : []),
          change.owner !== undefined && `alter publication ${name} owner to ${quoteIdentifier(change.owner)}`,
        ]),
    change.name !== undefined &&
      change.name !== old.name &&
      `alter publication ${name} rename to ${quoteIdentifier(change.name)}`,
  ]);
}

/** Removes one. */
export const dropPublication = (old: { readonly name: string }): string =>
  `drop publication ${quoteIdentifier(old.name)}`;

// `set table` takes no empty list.
function listChanges(
  name: string,
  old: readonly { readonly schema: string; readonly name: string }[],
  wanted: readonly string[],
): string[] {
  if (wanted.length > 0) return [`alter publication ${name} set table ${wanted.map(relation).join(', ')}`];
  if (old.length === 0) return [];
  return [`alter publication ${name} drop table ${old.map((table) => qualified(table.schema, table.name)).join(', ')}`];
}

function forTables(tables: readonly string[] | null | undefined): string {
  if (!tables) return ' for all tables';
  return tables.length === 0 ? '' : ` for table ${tables.map(relation).join(', ')}`;
}

function events(published: Published): string {
  const { publish_insert, publish_update, publish_delete, publish_truncate } = published;
  return [
    publish_insert && 'insert',
    publish_update && 'update',
    publish_delete && 'delete',
    publish_truncate && 'truncate',
  ]
    .filter(Boolean)
    .join(', ');
}

/** `schema.table`; only the first dot divides, and a name alone is looked up by the search path. */
function relation(text: string): string {
  const dot = text.indexOf('.');
  return dot < 0 ? quoteIdentifier(text) : qualified(text.slice(0, dot), text.slice(dot + 1));
}

function definedOf(change: Published): Published {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
