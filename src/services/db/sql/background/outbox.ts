import type { WorkConnection } from './work-connection.ts';

/** What a rule says of its events. */
export interface OutboxRule {
  readonly source: 'table' | 'auth' | 'storage';
  /** `nats:…`, `http(s)://…` or `function:NAME`. */
  readonly target: string;
  readonly format: 'envelope' | 'raw' | 'ingest';
  readonly headers: Readonly<Record<string, unknown>>;
  readonly secret: string | null;
  readonly attempts: number;
}

/** An event to be sent, with what its rule says. */
export interface OutboxEvent extends OutboxRule {
  readonly messageId: string;
  /** `insert`, `created`, `login` … */
  readonly event: string;
  readonly payload: EventPayload;
  readonly createdAt: Date;
}

/** The body of a database webhook. */
export interface EventPayload {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly table: string;
  readonly schema: string;
  readonly record: Readonly<Record<string, unknown>> | null;
  readonly old_record: Readonly<Record<string, unknown>> | null;
}

/** Becomes the one node that delivers, until its connection is lost. @returns false while another one is */
export async function claimOutbox(connection: WorkConnection): Promise<boolean> {
  const [row] = await connection.query<{ got: boolean }>('select pg_try_advisory_lock(7366, 3) as got');
  return row?.got === true;
}

/** Rules by their names. @throws DatabaseError 42P01 or 3F000 where there is no outbox */
export async function outboxRules(connection: WorkConnection): Promise<ReadonlyMap<string, OutboxRule>> {
  const rows = await connection.query<OutboxRule & { readonly name: string }>(
    'select name, source, target, format, headers, secret, attempts from supabase_functions.outbox_rules',
  );
  return new Map(rows.map((row) => [row.name, row]));
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

/** All that are in force, by name. */
export async function inboxRules(connection: WorkConnection): Promise<readonly InboxRule[]> {
  return connection.query<InboxRule>(
    'select name, stream, subject, object, keys, path from supabase_functions.inbox_rules where enabled order by name',
  );
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
