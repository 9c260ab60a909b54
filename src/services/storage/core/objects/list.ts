import type { CancelSignal } from '#kernel/sql';
import { type ListEntry, type ListPageText, type ListQuery, listObjects, listObjectsText } from '../../sql/listing.ts';
import { type Scope, scoped } from '../../sql/scope.ts';
import type { StorageContext } from '../context.ts';
import { encodeCursor, type ListCursor } from '../list-cursor.ts';

/** What is to be listed. */
export interface ListRequest {
  readonly bucketId: string;
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly column: 'name' | 'updated_at' | 'created_at';
  /** Go on behind this entry. */
  readonly from: ListCursor | undefined;
}

/** A page of a listing. */
export interface ListPage {
  readonly entries: readonly ListEntry[];
  readonly next: { readonly cursor: string; readonly key: string } | undefined;
}

/** Lists what the caller may see, a page at a time. One entry more than asked for tells whether there is another page. */
export async function listPage(context: StorageContext, scope: Scope, request: ListRequest): Promise<ListPage> {
  const { bucketId, limit, column } = request;
  if (isEmpty(request)) return { entries: [], next: undefined };
  const found = await scoped(context.db, scope, (transaction) =>
    listObjects(transaction, bucketId, { ...queryOf(request), limit: limit + 1 }),
  );
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  if (found.length <= limit || !last) return { entries, next: undefined };
  return { entries, next: nextOf(request, last.name, column === 'name' ? undefined : last[column]?.toISOString()) };
}

/** The same as the JSON that clients of the REST interface get. */
export async function listPageText(
  context: StorageContext,
  scope: Scope,
  request: ListRequest,
  signal?: CancelSignal,
): Promise<string> {
  const page: ListPageText = isEmpty(request)
    ? { folders: '', objects: '', last: undefined }
    : await listObjectsText(context.db, scope, request.bucketId, queryOf(request), signal);
  const next = page.last && nextOf(request, page.last.name, page.last.moment || undefined);
  const head = JSON.stringify({
    hasNext: next !== undefined,
    ...(next && { nextCursor: next.cursor, nextCursorKey: next.key }),
  });
  return `${head.slice(0, -1)},"folders":[${page.folders}],"objects":[${page.objects}]}`;
}

/** PostgreSQL has no text with a NUL; nothing can be called that. */
const isEmpty = ({ limit, bucketId, prefix }: ListRequest): boolean =>
  limit <= 0 || `${bucketId}${prefix}`.includes('\0');

const queryOf = ({ prefix, delimiter, limit, order, column, from }: ListRequest): ListQuery => ({
  prefix,
  delimiter,
  limit,
  startAfter: from?.last ?? '',
  order,
  column,
  columnAfter: column === 'name' ? '' : (from?.after ?? ''),
});

function nextOf({ order, column }: ListRequest, last: string, after: string | undefined) {
  return { key: last, cursor: encodeCursor({ last, order, column, ...(after !== undefined && { after }) }) };
}
