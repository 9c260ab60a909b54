import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import { qualified, transaction } from './script.ts';

/** Body of a new trigger. */
export interface NewTrigger {
  readonly name: string;
  readonly table: string;
  readonly schema?: string;
  readonly function_name: string;
  readonly function_schema?: string;
  readonly function_args?: readonly string[];
  readonly activation: 'BEFORE' | 'AFTER' | 'INSTEAD OF';
  readonly events: readonly string[];
  readonly orientation?: 'ROW' | 'STATEMENT';
  readonly condition?: string;
}

/** What can be changed of one. */
export interface TriggerChange {
  readonly name?: string;
  readonly enabled_mode?: 'ORIGIN' | 'REPLICA' | 'ALWAYS' | 'DISABLED';
}

/** What has to be known of a trigger as it is. */
export interface KnownTrigger {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
}

const eventNames: readonly string[] = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'];

/** A trigger on a table or view. Events may carry columns (`UPDATE OF name`). */
export function createTrigger(trigger: NewTrigger): string {
  const { name, table, schema = 'public', function_schema = 'public', function_args = [], condition } = trigger;
  return [
    `create trigger ${quoteIdentifier(name)} ${trigger.activation} ${trigger.events.map(event).join(' or ')}`,
    `on ${qualified(schema, table)}`,
    trigger.orientation ? `for each ${trigger.orientation}` : '',
    condition ? `when (${condition})` : '',
    `execute function ${qualified(function_schema, trigger.function_name)}`,
    `(${function_args.map((argument) => quoteLiteral(argument)).join(', ')})`,
  ].join(' ');
}

/** Changes of a trigger, the name last. */
export function alterTrigger(old: KnownTrigger, { name, enabled_mode }: TriggerChange): string {
  const table = qualified(old.schema, old.table);
  const trigger = quoteIdentifier(old.name);
  const mode = { ORIGIN: 'enable', REPLICA: 'enable replica', ALWAYS: 'enable always', DISABLED: 'disable' };
  return transaction([
    enabled_mode && `alter table ${table} ${mode[enabled_mode]} trigger ${trigger}`,
    name !== undefined &&
      name !== old.name &&
      `alter trigger ${trigger} on ${table} rename to ${quoteIdentifier(name)}`,
  ]);
}

/** Removes one. */
export const dropTrigger = (old: KnownTrigger, cascade: boolean): string =>
  `drop trigger ${quoteIdentifier(old.name)} on ${qualified(old.schema, old.table)} ${cascade ? 'cascade' : 'restrict'}`;

const event = (text: string): string => (eventNames.includes(text.toUpperCase()) ? text.toUpperCase() : text);
