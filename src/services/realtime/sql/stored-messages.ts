import type { Database } from '#kernel/sql';

/** A stored broadcast. */
export interface StoredBroadcast {
  readonly id: string;
  readonly event: string;
  /** JSON text; undefined for binary ones. */
  readonly payload: string | undefined;
  readonly binaryPayload: Buffer | undefined;
}

const newest = `
select id, event, payload::text as payload, binary_payload
from realtime.messages
where topic = $1 and private and extension = 'broadcast'
  and inserted_at >= $2::timestamptz at time zone 'utc'
  and inserted_at < (now() + interval '1 minute') at time zone 'utc'
order by inserted_at desc
limit $3`;

/**
 * The newest stored private broadcasts of a topic, oldest first (spec §3.4).
 *
 * @param since milliseconds since the epoch
 */
export async function storedBroadcasts(
  db: Database,
  topic: string,
  since: number,
  limit: number,
): Promise<StoredBroadcast[]> {
  const { rows } = await db.query<{
    id: string;
    event: string | null;
    payload: string | null;
    binary_payload: Buffer | null;
  }>(newest, [topic, new Date(since).toISOString(), limit]);
  return rows.reverse().map((row) => ({
    id: row.id,
    event: row.event ?? '',
    payload: row.payload ?? undefined,
    binaryPayload: row.binary_payload ?? undefined,
  }));
}
