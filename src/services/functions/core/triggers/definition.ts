import { functionsError } from '../../errors.ts';
import { isFunctionName } from '../project/names.ts';

/** What a trigger waits for, and which function hears of it. */
export interface TriggerDefinition {
  readonly name: string;
  readonly function: string;
  readonly enabled: boolean;
  readonly source: TriggerSource;
}

/** A time, rows of a table, or objects of the storage. */
export type TriggerSource =
  | { readonly kind: 'cron'; readonly schedule: string; readonly payload: unknown }
  | {
      readonly kind: 'table';
      readonly schema: string;
      readonly table: string;
      readonly events: readonly TriggerEvent[];
    }
  /** @param bucket undefined: all of them */
  | { readonly kind: 'storage'; readonly bucket: string | undefined; readonly events: readonly TriggerEvent[] };

/** What happens to a row or object. */
export type TriggerEvent = 'insert' | 'update' | 'delete';

const allEvents: readonly TriggerEvent[] = ['insert', 'update', 'delete'];

// With its prefix it is a name in the database's catalogue, which has 63 bytes.
const namePattern = /^[a-z0-9][a-z0-9_-]{0,39}$/;

const known = new Set(['function', 'enabled', 'cron', 'payload', 'table', 'bucket', 'events']);

/**
 * Understands a trigger as it is written in JSON or in `config.toml`: one of `cron` (with `payload`), `table`
 * (`schema.table`) and `bucket` (`*` for all), the latter two with `events`.
 *
 * @throws ServiceError `invalid_trigger` saying what is wrong
 */
export function parseTrigger(name: string, value: unknown): TriggerDefinition {
  const wrong = (message: string): never => {
    throw functionsError('invalid_trigger', { message: `Trigger ${name}: ${message}` });
  };
  if (!namePattern.test(name)) wrong('a name has at most 40 lower-case letters, digits, _ and -');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('it is no object');
  const given = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(given)) if (!known.has(key)) wrong(`${key} is not known`);
  const { function: target, enabled = true, cron, table, bucket, payload = null } = given;
  if (typeof target !== 'string' || !isFunctionName(target)) return wrong('function is no name of a function');
  if (typeof enabled !== 'boolean') return wrong('enabled is neither true nor false');
  if ([cron, table, bucket].filter((each) => each !== undefined).length !== 1)
    return wrong('it has one of cron, table and bucket');
  const made = (source: TriggerSource): TriggerDefinition => ({ name, function: target, enabled, source });
  if (cron !== undefined) {
    if (typeof cron !== 'string' || cron.trim() === '') return wrong('cron is no schedule');
    if (given.events !== undefined) return wrong('a schedule has no events');
    return made({ kind: 'cron', schedule: cron.trim(), payload });
  }
  if (given.payload !== undefined) return wrong('only a schedule has a payload');
  const events = eventsOf(given.events);
  if (events === undefined) return wrong('events is a list of insert, update and delete');
  if (table !== undefined) {
    const [schema = '', name = '', ...rest] = typeof table === 'string' ? table.split('.') : [];
    if (schema === '' || name === '' || rest.length > 0) return wrong('table is not schema.table');
    return made({ kind: 'table', schema, table: name, events });
  }
  if (typeof bucket !== 'string' || bucket === '') return wrong('bucket is no name');
  return made({ kind: 'storage', bucket: bucket === '*' ? undefined : bucket, events });
}

function eventsOf(value: unknown): readonly TriggerEvent[] | undefined {
  if (value === undefined) return allEvents;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const events = allEvents.filter((event) => value.includes(event));
  return value.every((each) => allEvents.includes(each as TriggerEvent)) ? events : undefined;
}

/** A trigger as it is written, the reverse of `parseTrigger`. */
export function renderTrigger({
  function: target,
  enabled,
  source,
}: TriggerDefinition): Readonly<Record<string, unknown>> {
  const common = { function: target, enabled };
  if (source.kind === 'cron') return { ...common, cron: source.schedule, payload: source.payload };
  if (source.kind === 'table') return { ...common, table: `${source.schema}.${source.table}`, events: source.events };
  return { ...common, bucket: source.bucket ?? '*', events: source.events };
}
