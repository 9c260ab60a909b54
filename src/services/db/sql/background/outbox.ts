import type { WorkConnection } from './work-connection.ts';

/** An event as it stands in the outbox, with what its rule says. */
export interface OutboxEvent {
  readonly id: string;
  readonly messageId: string;
  /** Undefined for what a webhook sends. */
  readonly rule: string | undefined;
  readonly source: 'table' | 'auth' | 'storage';
  /** `nats:…`, `http(s)://…` or `function:NAME`. */
  readonly target: string;
  readonly format: 'envelope' | 'raw' | 'ingest';
  readonly headers: Readonly<Record<string, unknown>>;
  readonly secret: string | undefined;
  readonly maxAttempts: number;
  readonly key: string;
  /** `insert`, `created`, `login` … */
  readonly event: string;
  readonly payload: EventPayload;
  readonly createdAt: Date;
  readonly attempts: number;
}

/** The body of a database webhook. */
export interface EventPayload {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly table: string;
  readonly schema: string;
  readonly record: Readonly<Record<string, unknown>> | null;
  readonly old_record: Readonly<Record<string, unknown>> | null;
}

interface Row {
  readonly id: string;
  readonly message_id: string;
  readonly rule: string | null;
  readonly source: OutboxEvent['source'] | null;
  readonly target: string;
  readonly format: OutboxEvent['format'] | null;
  readonly headers: Readonly<Record<string, unknown>> | null;
  readonly secret: string | null;
  readonly max_attempts: number | null;
  readonly key: string;
  readonly event: string;
  readonly payload: EventPayload;
  readonly created_at: Date;
  readonly attempts: number;
}

/** Attempts of what a webhook sends. */
const webhookAttempts = 12;

/** Becomes the one node that delivers, until its connection is lost. @returns false while another one is */
export async function claimOutbox(connection: WorkConnection): Promise<boolean> {
  const [row] = await connection.query<{ got: boolean }>('select pg_try_advisory_lock(7366, 3) as got');
  return row?.got === true;
}

/**
 * The oldest events that are due, none of which has an earlier one of its key that waits for another attempt.
 *
 * @param withNats whether those for NATS are wanted
 * @throws DatabaseError 42P01 or 3F000 where there is no outbox
 */
export async function dueEvents(connection: WorkConnection, limit: number, withNats: boolean): Promise<OutboxEvent[]> {
  const rows = await connection.query<Row>(
    `select event.id::text, event.message_id, event.rule, rule.source, coalesce(event.target, rule.target) as target,
       rule.format, rule.headers, rule.secret, rule.attempts as max_attempts, event.key, event.event, event.payload,
       event.created_at, event.attempts
     from supabase_functions.outbox_events as event
     left join supabase_functions.outbox_rules as rule on rule.name = event.rule
     where event.next_at <= now() and ($2 or coalesce(event.target, rule.target) not like 'nats:%') and not exists (
       select from supabase_functions.outbox_events as earlier
       where earlier.key = event.key and earlier.id < event.id and earlier.next_at > now()
     )
     order by event.id limit $1`,
    [limit, withNats],
  );
  return rows.map((row) => ({
    id: row.id,
    messageId: row.message_id,
    rule: row.rule ?? undefined,
    source: row.source ?? 'table',
    target: row.target,
    format: row.format ?? 'envelope',
    headers: row.headers ?? {},
    secret: row.secret ?? undefined,
    maxAttempts: row.max_attempts ?? webhookAttempts,
    key: row.key,
    event: row.event,
    payload: row.payload,
    createdAt: row.created_at,
    attempts: row.attempts,
  }));
}

/** Forgets what was delivered. */
export async function removeDelivered(connection: WorkConnection, ids: readonly string[]): Promise<void> {
  await connection.query('delete from supabase_functions.outbox_events where id = any($1::bigint[])', [ids]);
}

/** Notes a failed attempt. @param pause milliseconds until the next */
export async function postpone(connection: WorkConnection, id: string, error: string, pause: number): Promise<void> {
  await connection.query(
    `update supabase_functions.outbox_events
     set attempts = attempts + 1, error = $2, next_at = now() + $3::float8 * interval '1 millisecond'
     where id = $1::bigint`,
    [id, error, pause],
  );
}

/** Puts an event among the dead letters. */
export async function bury(connection: WorkConnection, id: string, error: string): Promise<void> {
  await connection.query(
    `with dead as (delete from supabase_functions.outbox_events where id = $1::bigint returning *)
     insert into supabase_functions.outbox_dead_letters
       (id, message_id, rule, target, key, event, payload, created_at, attempts, error)
     select id, message_id, rule, target, key, event, payload, created_at, attempts + 1, $2 from dead`,
    [id, error],
  );
}

/** Milliseconds until an event is due that waits for another attempt; undefined when none does. */
export async function nextDue(connection: WorkConnection): Promise<number | undefined> {
  const [row] = await connection.query<{ due: number | null }>(
    `select extract(epoch from min(next_at) - now())::float8 * 1000 as due
     from supabase_functions.outbox_events where next_at > '-infinity'`,
  );
  return row?.due ?? undefined;
}

/** A rule by which messages become rows. */
export interface InboxRule {
  readonly name: string;
  readonly stream: string;
  readonly subject: string;
  readonly object: string;
  readonly keys: readonly string[];
  readonly path: readonly string[] | null;
}

/** All that are in force, and whether any rule of the outbox goes to NATS. */
export async function natsRules(
  connection: WorkConnection,
): Promise<{ readonly inbox: readonly InboxRule[]; readonly sends: boolean }> {
  const inbox = await connection.query<InboxRule>(
    'select name, stream, subject, object, keys, path from supabase_functions.inbox_rules where enabled order by name',
  );
  const [row] = await connection.query<{ sends: boolean }>(
    `select exists (select from supabase_functions.outbox_rules where enabled and target like 'nats:%')
       or exists (select from supabase_functions.outbox_events where target like 'nats:%') as sends`,
  );
  return { inbox, sends: row?.sends === true };
}

/** Writes a message's row. @throws DatabaseError */
export async function takeMessage(connection: WorkConnection, rule: InboxRule, row: unknown): Promise<void> {
  await connection.query('select supabase_functions.inbox_take($1, $2, $3)', [
    rule.object,
    rule.keys,
    JSON.stringify(row),
  ]);
}

/** Puts a message by that is no row of its table. */
export async function rejectMessage(
  connection: WorkConnection,
  rule: InboxRule,
  subject: string,
  body: string,
  error: string,
): Promise<void> {
  await connection.query(
    'insert into supabase_functions.inbox_rejected (rule, subject, body, error) values ($1, $2, $3, $4)',
    [rule.name, subject, body, error],
  );
}
