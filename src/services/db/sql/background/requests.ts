import type { WorkConnection } from './work-connection.ts';

/** Holds where pg_net is ours: the original's worker takes its requests itself, from tables of the same names. */
const isOurs = `to_regprocedure('net._worker_is_up()') is not null`;

/** A row of `net.http_request_queue`. */
export interface QueuedRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>> | null;
  readonly body: Buffer | null;
  readonly timeout: number;
}

/** A row for `net._http_response`. */
export interface RecordedResponse {
  readonly id: string;
  readonly status: number | null;
  readonly contentType: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly content: string | null;
  readonly timedOut: boolean | null;
  readonly error: string | null;
}

/**
 * Takes the oldest requests out of the queue, `pg_net.batch_size` at most: what is taken is sent once or not at all. Rows
 * that another node is taking are left to it.
 *
 * @throws DatabaseError 42P01 or 3F000 where pg_net is not installed
 */
export async function takeRequests(connection: WorkConnection, limit: number): Promise<QueuedRequest[]> {
  return connection.query<QueuedRequest>(
    `delete from net.http_request_queue as queue
     using (
       select id from net.http_request_queue where ${isOurs} order by id
       limit least($1, greatest(1, coalesce(nullif(current_setting('pg_net.batch_size', true), ''), '200')::integer))
       for update skip locked
     ) as next
     where queue.id = next.id
     returning queue.id::text, upper(queue.method) as method, queue.url, queue.headers, queue.body,
       queue.timeout_milliseconds as timeout`,
    [limit],
  );
}

/** Writes answers down. */
export async function recordResponses(
  connection: WorkConnection,
  responses: readonly RecordedResponse[],
): Promise<void> {
  const column = <K extends keyof RecordedResponse>(key: K) => responses.map((response) => response[key]);
  await connection.query(
    `insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)
     select * from unnest(
       $1::bigint[], $2::integer[], $3::text[], $4::jsonb[], $5::text[], $6::boolean[], $7::text[]
     )`,
    [
      column('id'),
      column('status'),
      column('contentType'),
      column('headers').map((headers) => (headers === null ? null : JSON.stringify(headers))),
      column('content'),
      column('timedOut'),
      column('error'),
    ],
  );
}

/**
 * Removes answers older than `pg_net.ttl`, 10,000 at most.
 *
 * @returns seconds until the oldest of those that stay is too old; undefined when none stays
 */
export async function expireResponses(connection: WorkConnection): Promise<number | undefined> {
  const rows = await connection.query<{ due: number | null }>(
    `with bound as (
       select now() - coalesce(nullif(current_setting('pg_net.ttl', true), ''), '6 hours')::interval as oldest
     ), expired as (
       delete from net._http_response using bound
       where ctid in (
         select response.ctid from net._http_response as response, bound
         where response.created < bound.oldest and ${isOurs} limit 10000
       )
     )
     select extract(epoch from (select min(created) from net._http_response where created >= oldest and ${isOurs}) - oldest)::float8
       as due
     from bound`,
  );
  return rows[0]?.due ?? undefined;
}
