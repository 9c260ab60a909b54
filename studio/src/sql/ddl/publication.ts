import { quoteName, quoteQualified } from '../quote.ts';

/** What a publication can tell of. */
export const publishedEvents = ['insert', 'update', 'delete', 'truncate'] as const;

/** A table of a publication. */
export interface PublishedTable {
  readonly schema: string;
  readonly name: string;
}

/** A publication as somebody wants it. */
export interface PublicationDraft {
  readonly name: string;
  /** True: of all tables, also those that come; cannot be changed afterwards. */
  readonly all: boolean;
  readonly tables: readonly PublishedTable[];
  readonly events: readonly (typeof publishedEvents)[number][];
}

/** Asks for one publication: a row of `PublicationDraft`. Schemas published as a whole are not among its tables and stay. */
export const describePublication = (
  id: number,
): string => `select p.pubname as name, p.puballtables as all, to_json(array_remove(array[case when pubinsert then 'insert' end,
    case when pubupdate then 'update' end, case when pubdelete then 'delete' end, case when pubtruncate then 'truncate' end], null)) as events,
  (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname) order by n.nspname, c.relname), '[]') from (select prrelid from pg_publication_rel where prpubid = p.oid) r
    join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace) as tables
from pg_publication p where p.oid = ${Math.trunc(id)}`;

/** What is wrong with it, in words; undefined: nothing. */
export const publicationProblem = ({ name }: PublicationDraft): string | undefined =>
  name.trim() === '' ? 'A publication has a name' : undefined;

const key = ({ schema, name }: PublishedTable): string => quoteQualified(schema, name);

/** Statements that make the publication, or one of another, in one transaction; empty: they are alike. */
export function publicationSql(before: PublicationDraft | undefined, after: PublicationDraft): string {
  const publish = `publish = '${publishedEvents.filter((event) => after.events.includes(event)).join(', ')}'`;
  if (!before) {
    const of = after.all
      ? ' for all tables'
      : after.tables.length > 0
        ? ` for table ${after.tables.map(key).join(', ')}`
        : '';
    return `create publication ${quoteName(after.name)}${of} with (${publish});`;
  }
  const alter = `alter publication ${quoteName(before.name)}`;
  const [had, has] = [before.tables.map(key), after.tables.map(key)];
  const [gone, come] = [had.filter((each) => !has.includes(each)), has.filter((each) => !had.includes(each))];
  const isSame = publishedEvents.every((event) => before.events.includes(event) === after.events.includes(event));
  return [
    gone.length > 0 && `${alter} drop table ${gone.join(', ')};`,
    come.length > 0 && `${alter} add table ${come.join(', ')};`,
    !isSame && `${alter} set (${publish});`,
    before.name !== after.name && `${alter} rename to ${quoteName(after.name)};`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** Drops a publication. */
export const dropPublicationSql = (name: string): string => `drop publication ${quoteName(name)};`;
