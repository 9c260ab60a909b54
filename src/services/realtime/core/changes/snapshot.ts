import { isPosition, parseSnapshot, type SeenBy } from '#kernel/replication';
import { asDatabaseError, type Database } from '#kernel/sql';
import type { ColumnInfo } from '../../sql/changes/catalogue.ts';
import { pageStep, snapshotStep } from '../../sql/changes/snapshot.ts';
import { becomeStep } from '../../sql/changes/visibility.ts';
import { type Binding, parseBinding } from './binding.ts';
import type { Position, RowSnapshot, SnapshotRequest } from './feed.ts';
import type { Published } from './published.ts';
import type { Table } from './tables.ts';

/** What reading snapshots needs. */
export interface SnapshotContext {
  /** Connections for rows; others than those of the changes, which must not wait for them. */
  readonly db: Database;
  readonly published: Published;
  readonly seenBy: SeenBy;
  readonly limits: { readonly rows: number; readonly bytes: number };
}

/** A snapshot that cannot be: its text is for the client. */
export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';
}

/** Changes do not flow, or the database cannot be asked, at present. */
export class SnapshotUnavailable extends Error {
  override readonly name = 'SnapshotUnavailable';
}

interface Cursor {
  /** Of the first page: what happened to its rows since is told by the changes after it. */
  readonly position: Position;
  readonly key: readonly string[];
}

/**
 * Reads a page of a table's rows as a role and its claims may see them, and a position such that every change which the rows do
 * not show comes after it. All pages of one reading have the position of the first.
 *
 * @throws SnapshotRefused, SnapshotUnavailable
 */
export async function readSnapshot(context: SnapshotContext, request: SnapshotRequest): Promise<RowSnapshot> {
  const { role, claims, entry } = request;
  const binding = bindingOf(entry);
  const before = context.seenBy.begin();
  if (!before) throw new SnapshotUnavailable('no change was read yet');
  const table = await tableOf(context, binding, role);
  const view = await table.view(role);
  const key = table.info.primaryKey.map((name) => table.columns.get(name) as ColumnInfo);
  const cursor = request.after === undefined ? undefined : readCursor(request.after, key.length);
  const isWished = ({ name }: ColumnInfo): boolean =>
    view.info.selectable.has(name) &&
    (!binding.select || binding.select.includes(name) || table.info.primaryKey.includes(name));
  const page = pageStep({
    ...table.info,
    key,
    columns: table.info.columns.filter(isWished),
    conditions: binding.filters.map((term) => ({ ...term, column: table.columns.get(term.column) as ColumnInfo })),
    after: cursor?.key,
    rows: Math.min(request.limit ?? context.limits.rows, context.limits.rows),
    bytes: context.limits.bytes,
  });
  const [seen, , given] = await context.db
    .pipeline({
      role,
      begin: 'begin isolation level repeatable read read only',
      steps: [snapshotStep, becomeStep(role, JSON.stringify(claims)), page],
    })
    .catch(refuse);
  const rows = given?.rows ?? [];
  const position = cursor?.position ?? before.upTo(parseSnapshot(seen?.rows[0]?.[0] ?? ''));
  const last = rows.at(-1);
  const isMore = last !== undefined && rows.length < Number(last[2]);
  return {
    position,
    rows: rows.map(([row]) => row as string),
    next: isMore ? writeCursor({ position, key: JSON.parse(last[1] as string) as string[] }) : undefined,
  };
}

function bindingOf(entry: unknown): Binding {
  const binding = parseBinding(entry);
  if ('fault' in binding) throw new SnapshotRefused(binding.fault);
  if (binding.schema === '*' || binding.table === '*')
    throw new SnapshotRefused('A snapshot is of one table: `table` has to name it');
  return binding;
}

async function tableOf({ published }: SnapshotContext, binding: Binding, role: string): Promise<Table> {
  const refused = await published.refusalOf([binding], role).catch(refuse);
  if (refused !== undefined) throw new SnapshotRefused(refused);
  const [named] = await published.tables(binding).catch(refuse);
  const table = named && (await published.table(named.oid).catch(refuse));
  if (!table) throw new SnapshotUnavailable('the table has just gone');
  if (table.info.primaryKey.length === 0) throw new SnapshotRefused('Error 400: Bad Request, no primary key');
  if (!(await table.view(role)).seesKey) throw new SnapshotRefused('Error 401: Unauthorized');
  return table;
}

function refuse(error: unknown): never {
  const refused = asDatabaseError(error);
  // What a policy raises, or a cursor that is none, is the caller's to know; a database that cannot be asked is not.
  if (refused && /^(22|42|P0)/.test(refused.code)) throw new SnapshotRefused(refused.message);
  throw new SnapshotUnavailable('the rows could not be read', { cause: error });
}

const writeCursor = ({ position, key }: Cursor): string =>
  Buffer.from(JSON.stringify([position, ...key])).toString('base64url');

function readCursor(text: string, keys: number): Cursor {
  try {
    const [position, ...key] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    if (isPosition(position) && key.length === keys && key.every((value) => typeof value === 'string'))
      return { position, key: key as string[] };
  } catch {
    // Told below.
  }
  throw new SnapshotRefused('`after` has to be the `next` of an earlier answer');
}
