import { type ListEntry, listObjects } from '../../sql/objects.ts';
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
  const { bucketId, limit, order, column, from } = request;
  if (limit <= 0 || bucketId.includes('\0') || request.prefix.includes('\0')) return { entries: [], next: undefined };
  const found = await scoped(context.db, scope, (transaction) =>
    listObjects(transaction, bucketId, {
      prefix: request.prefix,
      delimiter: request.delimiter,
      limit: limit + 1,
      startAfter: from?.last ?? '',
      order,
      column,
      columnAfter: column === 'name' ? '' : (from?.after ?? ''),
    }),
  );
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  if (found.length <= limit || !last) return { entries, next: undefined };
  const moment = column === 'name' ? undefined : last[column]?.toISOString();
  return {
    entries,
    next: {
      key: last.name,
      cursor: encodeCursor({ last: last.name, order, column, ...(moment !== undefined && { after: moment }) }),
    },
  };
}
