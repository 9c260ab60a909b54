import type { Client } from '#kernel/sql';

/** A rule of the outbox with what waits for it. */
export interface OutboxRuleState {
  readonly name: string;
  readonly source: string;
  readonly object: string | null;
  readonly events: readonly string[] | null;
  /** Without what may be secret in it. */
  readonly target: string;
  readonly format: string;
  readonly enabled: boolean;
  readonly waiting: number;
  readonly dead: number;
  /** What the oldest event that waits was last told. */
  readonly error: string | null;
}

/** A rule that is to be added; what is undefined has its default. */
export interface NewOutboxRule {
  readonly name: string;
  readonly source: 'table' | 'auth' | 'storage';
  readonly object: string | undefined;
  readonly events: readonly string[] | undefined;
  readonly target: string;
  readonly format: string | undefined;
  readonly secret: string | undefined;
  readonly attempts: number | undefined;
}

/** A rule by which messages become rows, with what was no row. */
export interface InboxRuleState {
  readonly name: string;
  readonly stream: string;
  readonly subject: string;
  readonly object: string;
  readonly enabled: boolean;
  readonly rejected: number;
}

/** All rules of the outbox by name. Webhooks with a `nats:` address have none; their events count under an empty name. */
export async function listOutboxRules({ pg }: Client): Promise<OutboxRuleState[]> {
  const { rows } = await pg.query<OutboxRuleState>(
    `select name, source, object, events, split_part(target, '?', 1) as target, format, enabled,
       (select count(*)::int from supabase_functions.outbox_events where rule = name) as waiting,
       (select count(*)::int from supabase_functions.outbox_dead_letters where rule = name) as dead,
       (select error from supabase_functions.outbox_events where rule = name order by id limit 1) as error
     from supabase_functions.outbox_rules order by name`,
  );
  return rows;
}

/** All rules of the inbox by name. */
export async function listInboxRules({ pg }: Client): Promise<InboxRuleState[]> {
  const { rows } = await pg.query<InboxRuleState>(
    `select name, stream, subject, object, enabled,
       (select count(*)::int from supabase_functions.inbox_rejected where rule = name) as rejected
     from supabase_functions.inbox_rules order by name`,
  );
  return rows;
}

/** Adds a rule; its triggers come with it. @throws DatabaseError */
export async function addOutboxRule({ pg }: Client, rule: NewOutboxRule): Promise<void> {
  await pg.query(
    `insert into supabase_functions.outbox_rules (name, source, object, events, target, format, secret, attempts)
     values ($1, $2, $3, $4, $5, coalesce($6, 'envelope'), $7, coalesce($8, 12))`,
    [rule.name, rule.source, rule.object, rule.events, rule.target, rule.format, rule.secret, rule.attempts],
  );
}

/** Adds a rule of the inbox. @throws DatabaseError */
export async function addInboxRule(
  { pg }: Client,
  rule: Omit<InboxRuleState, 'enabled' | 'rejected'> & {
    readonly keys: readonly string[];
    readonly path: readonly string[];
  },
): Promise<void> {
  await pg.query(
    `insert into supabase_functions.inbox_rules (name, stream, subject, object, keys, path)
     values ($1, $2, $3, $4, $5, $6)`,
    [rule.name, rule.stream, rule.subject, rule.object, rule.keys, rule.path],
  );
}

/** Removes a rule of either kind, with the events that wait for it. @returns whether there was one */
export async function removeRule({ pg }: Client, name: string): Promise<boolean> {
  const one = await pg.query('delete from supabase_functions.outbox_rules where name = $1', [name]);
  const other = await pg.query('delete from supabase_functions.inbox_rules where name = $1', [name]);
  return (one.rowCount ?? 0) + (other.rowCount ?? 0) > 0;
}
