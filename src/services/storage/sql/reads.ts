import type { CancelSignal, Database } from '#kernel/sql';
import type { Bucket } from './buckets.ts';
import type { ObjectRow } from './objects.ts';
import { type Scope, scopeStep, serviceStep } from './scope.ts';

/** What the server has to know of a bucket before it takes or gives anything. */
export type BucketRules = Pick<Bucket, 'id' | 'public' | 'type' | 'file_size_limit' | 'allowed_mime_types'>;

const rules = `json_build_object('id', b.id, 'public', coalesce(b.public, false), 'type', b.type,
  'file_size_limit', b.file_size_limit, 'allowed_mime_types', b.allowed_mime_types)`;

const row = `json_build_object('id', o.id, 'bucket_id', o.bucket_id, 'name', o.name, 'owner', o.owner,
  'owner_id', o.owner_id, 'version', o.version, 'metadata', o.metadata, 'user_metadata', o.user_metadata,
  'created_at', o.created_at, 'updated_at', o.updated_at, 'last_accessed_at', o.last_accessed_at)`;

const bucketText = `select ${rules} from storage.buckets b where b.id = $1`;

const bothText = `select ${rules}, case when o.id is not null then ${row} end
  from storage.buckets b left join storage.objects o on o.bucket_id = b.id and o.name = $2
  where b.id = $1`;

const visibleText = 'select from storage.objects where bucket_id = $1 and name = $2';

/** Reads a bucket with the server's own rights, in one round trip. */
export async function readBucketRules(
  db: Database,
  scope: Scope,
  bucketId: string,
  signal?: CancelSignal,
): Promise<BucketRules | undefined> {
  const results = await db.pipeline({
    role: 'service_role',
    steps: [serviceStep(scope), { text: bucketText, values: [bucketId] }],
    shares: true,
    ...(signal && { signal }),
  });
  const cell = results[1]?.rows[0]?.[0];
  return cell ? (JSON.parse(cell) as BucketRules) : undefined;
}

/** An object with its bucket, and whether the scope may see it. */
export interface FoundObject {
  readonly bucket: BucketRules | undefined;
  readonly object: ObjectRow | undefined;
  readonly isVisible: boolean;
}

/**
 * Reads an object and its bucket in one round trip, with the server's rights; with a scope, its row level security is
 * asked as well.
 */
export async function readObject(
  db: Database,
  request: Scope,
  bucketId: string,
  name: string,
  visibleTo: Scope | undefined,
  signal?: CancelSignal,
): Promise<FoundObject> {
  const results = await db.pipeline({
    role: visibleTo?.role ?? 'service_role',
    steps: [
      serviceStep(request),
      { text: bothText, values: [bucketId, name] },
      ...(visibleTo ? [scopeStep(visibleTo), { text: visibleText, values: [bucketId, name] }] : []),
    ],
    shares: visibleTo === undefined,
    ...(signal && { signal }),
  });
  const [bucket, object] = results[1]?.rows[0] ?? [];
  return {
    bucket: bucket ? (JSON.parse(bucket) as BucketRules) : undefined,
    object: object ? readRow(object) : undefined,
    isVisible: visibleTo !== undefined && results[3]?.command !== 'SELECT 0',
  };
}

function readRow(text: string): ObjectRow {
  const parsed = JSON.parse(text) as Record<keyof ObjectRow, string>;
  return {
    ...parsed,
    created_at: new Date(parsed.created_at),
    updated_at: new Date(parsed.updated_at),
    last_accessed_at: new Date(parsed.last_accessed_at),
  } as unknown as ObjectRow;
}
