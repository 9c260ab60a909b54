import { type Database, quoteIdentifier, quoteLiteral, type Transaction } from '#kernel/sql';

/** A row of `_pmoves.function_triggers`. */
export interface TriggerRow {
  readonly name: string;
  readonly function: string;
  readonly definition: unknown;
  readonly origin: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A table with what of it is captured. */
export interface Capture {
  readonly schema: string;
  readonly table: string;
  readonly events: readonly string[];
  /** Only rows with this `bucket_id`. */
  readonly bucket: string | undefined;
}

/** The name a trigger has in the catalogue of the database and as a job. */
export const attachedName = (name: string): string => `pmoves_function_${name}`;

/** Every trigger, by name. */
export async function listTriggers(db: Database | Transaction): Promise<readonly TriggerRow[]> {
  const { rows } = await db.query<TriggerRow>('select * from _pmoves.function_triggers order by name');
  return rows;
}

/** Writes a trigger down, in the place of the one of that name. */
export async function putTrigger(
  db: Transaction,
  trigger: Pick<TriggerRow, 'name' | 'function' | 'definition' | 'origin'>,
): Promise<void> {
  await db.query(
    `insert into _pmoves.function_triggers (name, function, definition, origin) values ($1, $2, $3, $4)
     on conflict (name) do update
     set function = excluded.function, definition = excluded.definition, origin = excluded.origin, updated_at = now()`,
    [trigger.name, trigger.function, JSON.stringify(trigger.definition), trigger.origin],
  );
}

/** Takes a trigger's name out of the list. @returns whether it was there */
export async function deleteTrigger(db: Transaction, name: string): Promise<boolean> {
  return (await db.query('delete from _pmoves.function_triggers where name = $1', [name])).rowCount > 0;
}

/** Lets changes of a table make deliveries, in the transaction of the change. @throws DatabaseError 42P01 without the table */
export async function attachToTable(db: Transaction, name: string, capture: Capture): Promise<void> {
  const table = `${quoteIdentifier(capture.schema)}.${quoteIdentifier(capture.table)}`;
  const values = [name, ...(capture.bucket === undefined ? [] : [capture.bucket])].map(quoteLiteral).join(', ');
  await db.query(
    `create trigger ${quoteIdentifier(attachedName(name))} after ${capture.events.join(' or ')} on ${table}
     for each row execute function _pmoves.capture_for_function(${values})`,
  );
}

/** Ends what `attachToTable` began, wherever the table is now. */
export async function detachFromTables(db: Transaction, name: string): Promise<void> {
  const { rows } = await db.query<{ schema: string; table: string }>(
    `select n.nspname as schema, c.relname as table
     from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
     where t.tgname = $1 and not t.tgisinternal and t.tgfoid = '_pmoves.capture_for_function'::regproc`,
    [attachedName(name)],
  );
  for (const { schema, table } of rows)
    await db.query(
      `drop trigger ${quoteIdentifier(attachedName(name))} on ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`,
    );
}

/** Lets a job of pg_cron make deliveries. @throws DatabaseError 3F000 without pg_cron, 22023 for a schedule it does not know */
export async function scheduleJob(db: Transaction, name: string, schedule: string): Promise<void> {
  await db.query('select cron.schedule($1, $2, $3)', [
    attachedName(name),
    schedule,
    `select _pmoves.fire_function_trigger(${quoteLiteral(name)})`,
  ]);
}

/** Ends a job, where pg_cron is there and has it. */
export async function unscheduleJob(db: Transaction, name: string): Promise<void> {
  const { rows } = await db.query<{ present: boolean }>(`select to_regclass('cron.job') is not null as present`);
  if (rows[0]?.present !== true) return;
  await db.query(`select cron.unschedule(jobname) from cron.job where jobname = $1`, [attachedName(name)]);
}
