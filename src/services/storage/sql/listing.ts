import type { CancelSignal, Database, PipelineStep, Transaction } from '#kernel/sql';
import type { ObjectMetadata } from './objects.ts';
import { type Scope, scopeStep } from './scope.ts';

/** An entry of a listing: an object, or a folder, which has no id. `name` is the full text. */
export interface ListEntry {
  readonly name: string;
  readonly id: string | null;
  readonly updated_at: Date | null;
  readonly created_at: Date | null;
  readonly last_accessed_at: Date | null;
  readonly metadata: Partial<ObjectMetadata> | null;
}

/** How a listing by offset is cut. */
export interface SearchQuery {
  readonly prefix: string;
  readonly search: string;
  readonly limit: number;
  readonly offset: number;
  readonly column: string;
  readonly order: string;
}

/** How a listing by cursor is cut. */
export interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly startAfter: string;
  readonly order: 'asc' | 'desc';
  readonly column: 'name' | 'updated_at' | 'created_at';
  /** Value of the sort column at `startAfter`. */
  readonly columnAfter: string;
}

/** A page of a listing by cursor, as JSON: lists without their brackets. */
export interface ListPageText {
  readonly folders: string;
  readonly objects: string;
  /** The last entry, where there are more. */
  readonly last: { readonly name: string; readonly moment: string } | undefined;
}

const columns = 'name, id, updated_at, created_at, last_accessed_at, metadata';

const time = (column: string) => `to_char(e.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const timeJson = (column: string) => `coalesce('"' || ${time(column)} || '"', 'null')`;

// Most objects were never changed, and writing a moment is the dearest part of an entry: equal ones are written once. Without
// the offset the planner would write it at each place again.
const updated = `cross join lateral (select ${timeJson('updated_at')} as updated offset 0) moments`;
const timeAsUpdated = (column: string) =>
  `case when e.${column} = e.updated_at then updated else ${timeJson(column)} end`;

// Written here and passed on as it is: reading a thousand rows into objects to write them again took twice as long.
const entryJson = `'"name":' || to_json(e.name) || ',"id":' || coalesce('"' || e.id || '"', 'null')
  || ',"updated_at":' || updated || ',"created_at":' || ${timeAsUpdated('created_at')}
  || ',"last_accessed_at":' || ${timeAsUpdated('last_accessed_at')}
  || ',"metadata":' || coalesce(e.metadata::text, 'null') || '}'`;

const keyJson = `'"key":' || to_json(split_part(regexp_replace(e.name, '/$', ''), '/', -1)) || ','`;

const searchText = `select '[' || coalesce(string_agg('{' || ${entryJson}, ','), '') || ']'
  from storage.search($1, $2, $3, $4, $5, $6, $7, $8) e ${updated}`;

/** Lists a folder, ignoring case, by offset, for a scope. @returns JSON of all entries; folders have but a name */
export async function searchObjects(
  db: Database,
  scope: Scope,
  bucketId: string,
  { prefix, search, limit, offset, column, order }: SearchQuery,
  signal?: CancelSignal,
): Promise<Buffer> {
  const levels = String(prefix.split('/').length);
  const values = [prefix, bucketId, String(limit), levels, String(offset), search, column, order];
  const [row] = await read(db, scope, { text: searchText, values, raw: true }, signal);
  return row?.[0] ?? Buffer.from('[]');
}

/** Lists objects and folders from a cursor on. */
export async function listObjects(
  transaction: Transaction,
  bucketId: string,
  query: ListQuery,
): Promise<readonly ListEntry[]> {
  const { text, values } = statementOf(bucketId, query);
  return (await transaction.query<ListEntry>(text, values)).rows;
}

/** The same for a scope, as JSON; one entry more than asked for is looked for, to tell whether there is another page. */
export async function listObjectsText(
  db: Database,
  scope: Scope,
  bucketId: string,
  query: ListQuery,
  signal?: CancelSignal,
): Promise<ListPageText> {
  const { text, values } = statementOf(bucketId, { ...query, limit: query.limit + 1 });
  const limit = `$${values.length + 1}`;
  const entry = query.delimiter === '' ? `'{' || ${entryJson}` : `'{' || ${keyJson} || ${entryJson}`;
  const moment = query.column === 'name' ? `''` : time(query.column);
  const page = `select string_agg(entry, ',' order by at) filter (where id is null and at <= ${limit}),
      string_agg(entry, ',' order by at) filter (where id is not null and at <= ${limit}),
      max(name) filter (where at = ${limit}), max(moment) filter (where at = ${limit}), max(at) > ${limit}
    from (select ${entry} as entry, e.name, e.id, ${moment} as moment, row_number() over () as at from (${text}) e ${updated}) page`;
  const [row = []] = await read(db, scope, { text: page, values: [...values, String(query.limit)], raw: true }, signal);
  const [folders, objects, name, at, more] = row.map((cell) => cell?.toString() ?? '');
  return {
    folders: folders ?? '',
    objects: objects ?? '',
    last: more === 't' ? { name: name ?? '', moment: at ?? '' } : undefined,
  };
}

interface Statement {
  readonly text: string;
  readonly values: readonly string[];
}

function statementOf(bucketId: string, query: ListQuery): Statement {
  const { prefix, delimiter, limit, startAfter, order, column, columnAfter } = query;
  if (column === 'name' && delimiter === '') return namesFrom(bucketId, query);
  if (column === 'name')
    return {
      text: `select ${columns} from storage.list_objects_with_delimiter($1, $2, $3, $4, $5, '', $6)`,
      values: [bucketId, prefix, delimiter, String(limit), startAfter, order],
    };
  if (delimiter !== '')
    return {
      text: `select ${columns} from storage.search_v2($1, $2, $3, 1, $4, $5, $6, $7)`,
      values: [prefix, bucketId, String(limit), startAfter, order, column, columnAfter],
    };
  const comparison = order === 'asc' ? '>' : '<';
  const moment = `date_trunc('milliseconds', ${column})`;
  return {
    text: `select ${columns} from storage.objects
      where bucket_id = $1 and name collate "C" >= $2 and name collate "C" < $2 || chr(1114111)
        and ($4 = '' or (${moment}, name collate "C") ${comparison} (nullif($4, '')::timestamptz, $5 collate "C"))
      order by ${moment} ${order}, name collate "C" ${order} limit $3`,
    values: [bucketId, prefix, String(limit), columnAfter, startAfter],
  };
}

// Without folders to pass over, a page is one walk along the index.
function namesFrom(bucketId: string, { prefix, limit, startAfter, order }: ListQuery): Statement {
  const isFromStart = startAfter === '';
  return {
    text: `select ${columns} from storage.objects
      where bucket_id = $1 and name collate "C" >= $2 and name collate "C" < $2 || chr(1114111)
        ${isFromStart ? '' : `and name collate "C" ${order === 'asc' ? '>' : '<'} $4`}
      order by name collate "C" ${order} limit $3`,
    values: [bucketId, prefix, String(limit), ...(isFromStart ? [] : [startAfter])],
  };
}

async function read(db: Database, scope: Scope, step: PipelineStep, signal: CancelSignal | undefined) {
  const results = await db.pipeline({ role: scope.role, steps: [scopeStep(scope), step], ...(signal && { signal }) });
  return results[1]?.cells ?? [];
}
