import { quoteName, quoteQualified, quoteText } from '../quote.ts';

/** How an index is built (CREATE INDEX, method). */
export const indexMethods = ['btree', 'hash', 'gin', 'gist', 'spgist', 'brin'] as const;

/** What is looked up by an index: a column, or what SQL makes of them. */
export interface IndexPart {
  readonly text: string;
  readonly expression: boolean;
  readonly descending: boolean;
}

/** An index as somebody wants it. */
export interface IndexDraft {
  readonly schema: string;
  readonly table: string;
  /** Empty: the server makes one. */
  readonly name: string;
  readonly method: string;
  readonly unique: boolean;
  /** True: writes go on meanwhile. */
  readonly concurrently: boolean;
  readonly parts: readonly IndexPart[];
  readonly include: readonly string[];
  /** A condition of SQL; empty: all rows. */
  readonly where: string;
}

/** An index to begin with. */
export const newIndex = (schema: string, table: string): IndexDraft => ({
  schema,
  table,
  name: '',
  method: 'btree',
  unique: false,
  concurrently: true,
  parts: [],
  include: [],
  where: '',
});

/** What is wrong with it, in words; undefined: nothing. */
export function indexProblem(draft: IndexDraft): string | undefined {
  if (draft.table === '') return 'It belongs to a table';
  if (draft.parts.length === 0) return 'It has at least one column';
  if (draft.parts.some(({ text }) => text.trim() === '')) return 'Every part says what it is';
  if (draft.unique && draft.method !== 'btree') return 'Only a btree can be unique';
  return undefined;
}

/** The one statement that makes it. */
export function indexSql(draft: IndexDraft): string {
  const parts = draft.parts.map(
    ({ text, expression, descending }) =>
      `${expression ? `(${text.trim()})` : quoteName(text)}${descending && draft.method === 'btree' ? ' desc' : ''}`,
  );
  return [
    'create',
    draft.unique && 'unique',
    'index',
    draft.concurrently && 'concurrently',
    draft.name.trim() !== '' && quoteName(draft.name),
    `on ${quoteQualified(draft.schema, draft.table)} using ${quoteName(draft.method)} (${parts.join(', ')})`,
    draft.include.length > 0 && `include (${draft.include.map(quoteName).join(', ')})`,
    draft.where.trim() !== '' && `where ${draft.where.trim()}`,
  ]
    .filter(Boolean)
    .join(' ')
    .concat(';');
}

/** Drops an index, while queries go on. */
export const dropIndexSql = (schema: string, name: string): string =>
  `drop index concurrently ${quoteQualified(schema, name)};`;

/** Builds an index again, while queries and writes go on. */
export const rebuildIndexSql = (schema: string, name: string): string =>
  `reindex index concurrently ${quoteQualified(schema, name)};`;

/** Gives an index another name. */
export const renameIndexSql = (schema: string, name: string, to: string): string =>
  `alter index ${quoteQualified(schema, name)} rename to ${quoteName(to)};`;

/** How far the building of indexes of a table is: `phase`, `done` and `total`, both in blocks where they are known. */
export const indexProgress = (schema: string, table: string): string =>
  `select phase, blocks_done::float8 as done, blocks_total::float8 as total from pg_stat_progress_create_index
where datname = current_database() and relid = to_regclass(${quoteText(quoteQualified(schema, table))}) limit 1`;
