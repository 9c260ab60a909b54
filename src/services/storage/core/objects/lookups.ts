import type { Database } from '#kernel/sql';
import type { ObjectRow } from '../../sql/objects.ts';
import { type BucketRules, readObjects, type StampedObject } from '../../sql/reads.ts';

/** A place that was looked at; both are undefined where there is no such bucket. */
export interface Found {
  readonly bucket: BucketRules | undefined;
  readonly object: ObjectRow | undefined;
}

/** Finds objects for those whose right to them does not depend on who they are. */
export interface Lookups {
  /** What is committed at the moment, by whatever node. Neither text may have a NUL. */
  find(bucketId: string, name: string): Promise<Found>;
}

/** What lookups are made with. */
export interface LookupOptions {
  readonly db: Database;
  /** Milliseconds a statement may take. */
  readonly statementTimeout: number;
  /** Objects remembered. */
  readonly most: number;
  /** Milliseconds since an arbitrary moment. */
  readonly now?: () => number;
}

/** Objects asked for by one statement. */
const batchSize = 64;
/** Statements under way; who comes meanwhile waits for one of them, and is asked for with all others that wait. */
const batches = 2;
/** Characters of a row that is remembered. */
const longestRow = 4_096;
/** Milliseconds that a row is remembered: long before the numbers of transactions begin anew. */
const lifetime = 60_000;

interface Waiting {
  readonly key: string;
  readonly bucketId: string;
  readonly name: string;
  readonly found: Promise<Found>;
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

interface Known extends StampedObject {
  readonly until: number;
}

const nothing: Found = { bucket: undefined, object: undefined };

/**
 * Looks objects up in the database, many at a time: all who come within one turn of the event loop, and all who come while
 * others are being looked up, share a statement. Nobody gets an answer from before they asked: what is remembered of
 * an object only spares the database to send it again, and us to read it again, where it says that it is still the same.
 */
export function createLookups({ db, statementTimeout, most, now = () => performance.now() }: LookupOptions): Lookups {
  // The longest unused one comes first.
  const known = new Map<string, Known>();
  let waiting = new Map<string, Waiting>();
  let running = 0;
  let isPlanned = false;

  function plan(): void {
    if (isPlanned || running >= batches || waiting.size === 0) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      const batch = takeBatch();
      running++;
      void look(batch).finally(() => {
        running--;
        plan();
      });
      plan();
    });
  }

  function takeBatch(): readonly Waiting[] {
    const all = [...waiting.values()];
    waiting = new Map(all.slice(batchSize).map((each) => [each.key, each]));
    return all.slice(0, batchSize);
  }

  async function look(batch: readonly Waiting[]): Promise<void> {
    try {
      const before = batch.map(({ key }) => recall(key));
      const wanted = batch.map(({ bucketId, name }, at) => ({ bucketId, name, stamp: before[at]?.stamp ?? '' }));
      const found = await readObjects(db, statementTimeout, wanted);
      for (const [at, { key, resolve }] of batch.entries()) {
        const now = found[at];
        if (now === 'known') resolve(before[at] as Known);
        else {
          remember(key, now);
          resolve(now ?? nothing);
        }
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function recall(key: string): Known | undefined {
    const entry = known.get(key);
    if (entry === undefined) return undefined;
    known.delete(key);
    if (entry.until < now()) return undefined;
    known.set(key, entry);
    return entry;
  }

  function remember(key: string, found: StampedObject | null | undefined): void {
    known.delete(key);
    if (!found?.object || found.length > longestRow) return;
    known.set(key, { ...found, until: now() + lifetime });
    if (known.size > most) known.delete(known.keys().next().value as string);
  }

  return {
    find(bucketId, name) {
      const key = `${bucketId}\0${name}`;
      const other = waiting.get(key);
      if (other) return other.found;
      let settle: Pick<Waiting, 'resolve' | 'reject'> | undefined;
      const found = new Promise<Found>((resolve, reject) => {
        settle = { resolve, reject };
      });
      waiting.set(key, { key, bucketId, name, found, ...(settle as unknown as Pick<Waiting, 'resolve' | 'reject'>) });
      plan();
      return found;
    },
  };
}
