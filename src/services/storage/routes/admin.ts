import { createHash, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestContext } from '#kernel/http';
import { type BucketOrphans, bucketOrphans } from '../core/audit.ts';
import type { ContentStore } from '../core/content/content-store.ts';
import { asStorageError, renderError, storageError } from '../errors.ts';
import { deleteUnchanged } from '../sql/audit.ts';
import { asService, scoped } from '../sql/scope.ts';
import { type Answer, type Exchange, headerOf } from './exchange.ts';
import { trueStatus } from './render-error.ts';
import type { Route } from './route.ts';
import { type ObjectShape, readJson } from './validate.ts';

/** Milliseconds after which a stream that has nothing to tell says that it is still there. */
const pingEvery = 10_000;
/** Milliseconds below which content may just be on its way, unless the request says otherwise. */
const defaultAge = 3_600_000;

const removal: ObjectShape = {
  type: 'object',
  properties: { deleteDbKeys: { type: 'boolean' }, deleteS3Keys: { type: 'boolean' }, before: { type: 'string' } },
};

/** What is removed of what a search finds. */
interface Removal {
  readonly deleteDbKeys?: boolean;
  readonly deleteS3Keys?: boolean;
  readonly before?: string;
}

/** Whether the caller holds one of the keys; compared by their digests, so that nothing is told by the time it takes. */
function isAdmin({ request, context, prefix }: Exchange): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const given = digest(headerOf(request, 'apikey') ?? '');
  // Nobody who comes through the gateway administers anything.
  return prefix === '' && context.settings.adminKeys.some((key) => timingSafeEqual(digest(key), given));
}

const page = (found: BucketOrphans, bucketId: string) =>
  found.of === 'rows'
    ? {
        type: 'dbOrphans',
        value: found.rows.map(({ name, version, size }) => ({ name, size: size ?? 0, ...(version && { version }) })),
      }
    : {
        type: 's3Orphans',
        value: found.contents.map(({ path, version, size }) => ({
          name: path.slice(bucketId.length + 1, path.endsWith(`/${version}`) ? -version.length - 1 : undefined),
          size,
          version,
        })),
      };

/**
 * Finds, and where it is asked for removes, what does not belong together in a bucket.
 *
 * @param own schema of the product's own tables, quoted
 * @param openStore opens the store anew
 */
export function adminRoutes(own: string, openStore: () => Promise<ContentStore>): readonly Route[] {
  async function* search(exchange: Exchange, before: Date, wish: Removal): AsyncGenerator<object> {
    const { context, params, scope } = exchange;
    const bucketId = params.bucket as string;
    const isListing = !wish.deleteDbKeys && !wish.deleteS3Keys;
    const store = await openStore();
    try {
      for await (const found of bucketOrphans({ db: context.db, store, own }, { bucketId, before })) {
        if (isListing) yield page(found, bucketId);
        else if (found.of === 'rows' && wish.deleteDbKeys) {
          const deleted = await scoped(context.db, asService(scope), (transaction) =>
            deleteUnchanged(transaction, found.rows),
          );
          yield page({ ...found, rows: found.rows.filter(({ name }) => deleted.has(name)) }, bucketId);
        } else if (found.of === 'contents' && wish.deleteS3Keys) {
          for (const content of found.contents) await store.removeListed(content);
          yield page(found, bucketId);
        }
      }
    } finally {
      await store.close();
    }
  }

  function answer(exchange: Exchange, wish: Removal): Answer {
    const { context, params } = exchange;
    const { tenantId } = context.settings;
    if (params.tenant !== tenantId)
      throw storageError('TenantNotFound', { message: `Missing tenant config for tenant ${params.tenant}` });
    const before = wish.before === undefined ? new Date(context.clock.now() - defaultAge) : new Date(wish.before);
    if (Number.isNaN(before.getTime())) return { status: 400, json: { error: 'Invalid date format' } };
    return {
      headers: { 'content-type': 'application/x-ndjson; charset=utf-8' },
      stream: Readable.from(lines(exchange, search(exchange, before, wish))),
    };
  }

  const guarded =
    (handle: Route['handle']): Route['handle'] =>
    (exchange) =>
      isAdmin(exchange) ? handle(exchange) : { status: 401 };
  const path = '/tenants/:tenant/buckets/:bucket/orphan-objects';
  const common = { path, access: 'open', operation: 'storage.admin.orphans', renderError: trueStatus } as const;
  return [
    {
      ...common,
      method: 'GET',
      handle: guarded((exchange) => {
        const before = exchange.query.get('before');
        return answer(exchange, before === null ? {} : { before });
      }),
    },
    {
      ...common,
      method: 'DELETE',
      handle: guarded(async (exchange) => {
        const wish = await readJson<Removal>(exchange, removal);
        return wish.deleteDbKeys || wish.deleteS3Keys
          ? answer(exchange, wish)
          : { status: 400, json: { error: 'At least one of deleteDbKeys or deleteS3Keys must be set to true' } };
      }),
    },
  ];
}

/** Newline-delimited JSON with signs of life; a failure is the last line, since the head is out. */
async function* lines({ context, request }: Exchange, source: AsyncGenerator<object>): AsyncGenerator<string> {
  const line = (event: string, more: object = {}) => `${JSON.stringify({ ...more, event })}\n`;
  try {
    for (;;) {
      const next = source.next();
      // Awaited below; meanwhile it must not count as unhandled.
      next.catch(() => undefined);
      while ((await withinPing(next)) === 'late') yield line('ping');
      const { done, value } = await next;
      if (done) return;
      yield line('data', value);
    }
  } catch (thrown) {
    const error = asStorageError(thrown);
    const reqId = requestContext(request).id;
    context.log.error({ reqId, err: error.cause ?? error }, 'orphans could not be searched to the end');
    yield line('error', { error: renderError(error).body });
  } finally {
    await source.return(undefined);
  }
}

async function withinPing(next: Promise<unknown>): Promise<'there' | 'late'> {
  const timer = new AbortController();
  const late = sleep(pingEvery, 'late' as const, { signal: timer.signal }).catch(() => 'there' as const);
  const there = next.then(
    () => 'there' as const,
    () => 'there' as const,
  );
  return Promise.race([there, late]).finally(() => timer.abort());
}
