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

/** Reads an object and its bucket with the server's rights, and asks its row level security, in one round trip. */
export async function readVisibleObject(
  db: Database,
  scope: Scope,
  bucketId: string,
  name: string,
  signal?: CancelSignal,
): Promise<FoundObject> {
  const results = await db.pipeline({
    role: scope.role,
    steps: [
      serviceStep(scope),
      { text: bothText, values: [bucketId, name] },
      scopeStep(scope),
      { text: visibleText, values: [bucketId, name] },
    ],
    // What policies ask may take long; a statement that does is none that others are made to wait for.
    shares: true,
    ...(signal && { signal }),
  });
  const [bucket, object] = results[1]?.rows[0] ?? [];
  return {
    bucket: bucket ? (JSON.parse(bucket) as BucketRules) : undefined,
    object: object ? readRow(object) : undefined,
    isVisible: results[3]?.command !== 'SELECT 0',
  };
}

/** The place of an object, and what is known of it already. */
export interface WantedObject {
  readonly bucketId: string;
  readonly name: string;
  /** The stamp it had when it was read last. */
  readonly stamp: string;
}

/** An object with its bucket as they are now, and a stamp that changes whenever one of them does. */
export interface StampedObject {
  readonly stamp: string;
  /** Characters that were read. */
  readonly length: number;
  readonly bucket: BucketRules;
  readonly object: ObjectRow | undefined;
}

// Whatever changes a row stamps it with a transaction of its own, and every content has a version of its own.
const manyText = `select w.at, s.stamp,
    case when s.stamp <> w.known then ${rules} end,
    case when s.stamp <> w.known and o.id is not null then ${row} end
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality w(bucket_id, name, known, at)
  join storage.buckets b on b.id = w.bucket_id
  left join storage.objects o on o.bucket_id = w.bucket_id and o.name = w.name
  cross join lateral (select concat_ws(' ', b.xmin, o.xmin, o.version) as stamp) s`;

/**
 * Reads objects and their buckets with the server's own rights, all of them by one statement in one round trip.
 *
 * @returns in the order asked for; null where there is no such bucket, `known` where the stamp is the same as before
 */
export async function readObjects(
  db: Database,
  statementTimeout: number,
  wanted: readonly WantedObject[],
): Promise<readonly (StampedObject | 'known' | null)[]> {
  const results = await db.pipeline({
    role: 'service_role',
    steps: [
      serviceStep({ operation: 'storage.object.lookup', statementTimeout }),
      {
        text: manyText,
        values: [
          arrayText(wanted.map(({ bucketId }) => bucketId)),
          arrayText(wanted.map(({ name }) => name)),
          arrayText(wanted.map(({ stamp }) => stamp)),
        ],
      },
    ],
    shares: true,
  });
  const found: (StampedObject | 'known' | null)[] = wanted.map(() => null);
  for (const [at, stamp, bucket, object] of results[1]?.rows ?? [])
    found[Number(at) - 1] = bucket
      ? {
          stamp: stamp as string,
          length: bucket.length + (object?.length ?? 0),
          bucket: JSON.parse(bucket) as BucketRules,
          object: object ? readRow(object) : undefined,
        }
      : 'known';
  return found;
}

/** An array of texts as PostgreSQL reads it. */
const arrayText = (texts: readonly string[]): string =>
  `{${texts.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

function readRow(text: string): ObjectRow {
  const parsed = JSON.parse(text) as Record<keyof ObjectRow, string>;
  return {
    ...parsed,
    created_at: new Date(parsed.created_at),
    updated_at: new Date(parsed.updated_at),
    last_accessed_at: new Date(parsed.last_accessed_at),
  } as unknown as ObjectRow;
}
