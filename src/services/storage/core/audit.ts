import { createHash } from 'node:crypto';
import type { Database } from '#kernel/sql';
import { type AuditRow, auditRows, knownVersions, objectsWithoutVersion, retireOrphans } from '../sql/audit.ts';
import type { ContentStore, ListedContent } from './content/content-store.ts';

/** Something that is not as it has to be. */
export interface Finding {
  /** `missing` and `damaged` are losses; an `orphan` is content that nothing needs. */
  readonly kind: 'missing' | 'damaged' | 'orphan';
  readonly place: string;
  readonly detail: string;
}

/** What an audit works on. */
export interface AuditContext {
  readonly db: Database;
  readonly store: ContentStore;
  /** Schema of the product's own tables, quoted. */
  readonly own: string;
}

const page = 1_000;

/**
 * Holds database and backend against each other, both ways: every object has its content, of the right size and, where it is
 * asked for, with the right checksum; every content belongs to something.
 *
 * @param options.deep read every content and compare checksums
 * @param options.minAge milliseconds below which content that belongs to nothing is passed over
 */
export async function* audit(
  { db, store, own }: AuditContext,
  options: { readonly deep: boolean; readonly minAge: number; readonly now: number },
): AsyncGenerator<Finding> {
  for (let after = ''; ; ) {
    const rows = await db.transaction((transaction) => auditRows(transaction, own, after, page));
    for (const row of rows) {
      const finding = await inspect(store, row, options.deep);
      if (finding) yield finding;
    }
    if (rows.length < page) break;
    after = rows.at(-1)?.id as string;
  }
  for await (const { version, place, size } of orphans({ db, store, own }, options))
    yield { kind: 'orphan', place, detail: `${version}, ${size} bytes` };
}

async function inspect(store: ContentStore, row: AuditRow, deep: boolean): Promise<Finding | undefined> {
  const place = `${row.bucketId}/${row.name}`;
  const content = await store.open(row);
  if (!content) return { kind: 'missing', place, detail: `version ${row.version}` };
  const damaged = (detail: string): Finding => ({ kind: 'damaged', place, detail });
  if (row.size !== null && content.size !== row.size) {
    await content.close();
    return damaged(`${content.size} bytes instead of ${row.size}`);
  }
  if (!deep || row.sha256 === null) {
    await content.close();
    return undefined;
  }
  const digest = createHash('sha256');
  const bytes = await content.read();
  if (Buffer.isBuffer(bytes)) digest.update(bytes);
  else for await (const chunk of bytes) digest.update(chunk as Buffer);
  return digest.digest('hex') === row.sha256 ? undefined : damaged('the checksum is another');
}

/** Contents that belong to nothing. */
async function* orphans(
  { db, store, own }: AuditContext,
  { minAge, now, bucketId }: { readonly minAge: number; readonly now: number; readonly bucketId?: string },
): AsyncGenerator<ListedContent> {
  let batch: ListedContent[] = [];
  const unknown = async (): Promise<ListedContent[]> => {
    const listed = batch;
    batch = [];
    return db.transaction(async (transaction) => {
      const known = await knownVersions(
        transaction,
        own,
        listed.map(({ version }) => version),
      );
      // What an upload grew from is of no use once there is an object.
      const strange = listed.filter(({ version, isGrowing }) =>
        isGrowing ? !known.get(version) : !known.has(version),
      );
      const bare = await objectsWithoutVersion(
        transaction,
        strange.map(({ path }) => path),
      );
      return strange.filter(({ path }) => !bare.has(path));
    });
  };
  for await (const content of store.list()) {
    if (now - content.modified.getTime() < minAge) continue;
    if (bucketId !== undefined && !content.path.startsWith(`${bucketId}/`)) continue;
    batch.push(content);
    if (batch.length >= page) yield* await unknown();
  }
  if (batch.length > 0) yield* await unknown();
}

/** What does not belong together in a bucket: rows without their content, or contents without their row. */
export type BucketOrphans =
  | { readonly of: 'rows'; readonly rows: readonly AuditRow[] }
  | { readonly of: 'contents'; readonly contents: readonly ListedContent[] };

/** Looks for what does not belong together in a bucket and is older than a moment; a page at a time, none of them empty. */
export async function* bucketOrphans(
  context: AuditContext,
  within: { readonly bucketId: string; readonly before: Date },
): AsyncGenerator<BucketOrphans> {
  let contents: ListedContent[] = [];
  for await (const content of orphans(context, { minAge: 1, now: within.before.getTime() + 1, ...within })) {
    contents.push(content);
    if (contents.length < page) continue;
    yield { of: 'contents', contents };
    contents = [];
  }
  if (contents.length > 0) yield { of: 'contents', contents };
  for (let after = ''; ; ) {
    const rows = await context.db.transaction((transaction) =>
      auditRows(transaction, context.own, after, page, within),
    );
    const missing: AuditRow[] = [];
    for (const row of rows) {
      const content = await context.store.open(row);
      if (content) await content.close();
      else missing.push(row);
    }
    if (missing.length > 0) yield { of: 'rows', rows: missing };
    if (rows.length < page) return;
    after = rows.at(-1)?.id as string;
  }
}

/**
 * Makes content that nothing needs due: what lies in the backend and is known to nobody is removed at once, versions whose
 * objects SQL deleted go after the retention time as everything else.
 *
 * @returns contents that were orphans, and versions that are due now
 */
export async function collect(
  context: AuditContext,
  options: { readonly minAge: number; readonly now: number; readonly retention: number },
  removeAt: (content: ListedContent) => Promise<void>,
): Promise<{ readonly orphans: number; readonly retired: number }> {
  const retired = await context.db.transaction((transaction) =>
    retireOrphans(transaction, context.own, options.retention),
  );
  let removed = 0;
  for await (const content of orphans(context, options)) {
    await removeAt(content);
    removed++;
  }
  return { orphans: removed, retired };
}
