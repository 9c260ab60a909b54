import { quoteName, quoteQualified, quoteText } from '../quote.ts';

/** What a trigger can wait for. */
export const triggerEvents = ['insert', 'update', 'delete', 'truncate'] as const;

/** When its function runs. */
export const triggerTimings = ['before', 'after', 'instead of'] as const;

/** Whether it runs: `replica` only where changes are replayed, `always` there as well. */
export const triggerStates = ['on', 'off', 'replica', 'always'] as const;

/** A trigger as somebody wants it. */
export interface TriggerDraft {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly timing: (typeof triggerTimings)[number];
  readonly events: readonly (typeof triggerEvents)[number][];
  /** Columns of `update of`; empty: any. */
  readonly columns: readonly string[];
  readonly level: 'row' | 'statement';
  /** A condition of SQL; empty: none. */
  readonly when: string;
  readonly oldTable: string;
  readonly newTable: string;
  readonly functionSchema: string;
  readonly functionName: string;
  readonly arguments: readonly string[];
  readonly state: (typeof triggerStates)[number];
  /** True: a constraint trigger, of which name and state are changed here alone. */
  readonly constraint: boolean;
}

/** A trigger to begin with. */
export const newTrigger = (schema: string, table: string): TriggerDraft => ({
  schema,
  table,
  name: '',
  timing: 'before',
  events: ['update'],
  columns: [],
  level: 'row',
  when: '',
  oldTable: '',
  newTable: '',
  functionSchema: 'public',
  functionName: '',
  arguments: [],
  state: 'on',
  constraint: false,
});

/** Asks for one trigger: a row of `TriggerDraft`, whose arguments are one text of hexadecimals (`readTrigger`). */
export const describeTrigger = (
  id: number,
): string => `select n.nspname as schema, c.relname as table, t.tgname as name, t.tgconstraint <> 0 as constraint,
  case when t.tgtype & 2 > 0 then 'before' when t.tgtype & 64 > 0 then 'instead of' else 'after' end as timing,
  to_json(array_remove(array[case when t.tgtype & 4 > 0 then 'insert' end, case when t.tgtype & 16 > 0 then 'update' end,
    case when t.tgtype & 8 > 0 then 'delete' end, case when t.tgtype & 32 > 0 then 'truncate' end], null)) as events,
  (select coalesce(json_agg(a.attname order by o.at), '[]') from unnest(t.tgattr::int2[]) with ordinality o (num, at)
    join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = o.num) as columns,
  case when t.tgtype & 1 > 0 then 'row' else 'statement' end as level, t.tgqual is not null as conditional, pg_get_triggerdef(t.oid) as definition,
  coalesce(t.tgoldtable, '') as "oldTable", coalesce(t.tgnewtable, '') as "newTable", fn.nspname as "functionSchema", p.proname as "functionName",
  encode(t.tgargs, 'hex') as arguments, case t.tgenabled when 'D' then 'off' when 'R' then 'replica' when 'A' then 'always' else 'on' end as state
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
join pg_proc p on p.oid = t.tgfoid join pg_namespace fn on fn.oid = p.pronamespace where t.oid = ${Math.trunc(id)}`;

/** The row of `describeTrigger` as a draft: arguments are texts that end in a zero byte each, the condition stands in the definition. */
export function readTrigger({
  arguments: hex,
  conditional,
  definition,
  ...rest
}: Omit<TriggerDraft, 'arguments' | 'when'> & {
  readonly arguments: string;
  readonly conditional: boolean;
  readonly definition: string;
}): TriggerDraft {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const text = new TextDecoder().decode(bytes);
  const when = conditional ? (/ WHEN \(([\s\S]*)\) EXECUTE (?:FUNCTION|PROCEDURE) /.exec(definition)?.[1] ?? '') : '';
  return { ...rest, when, arguments: text === '' ? [] : text.slice(0, -1).split('\0') };
}

/** What is wrong with it, in words; undefined: nothing. */
export function triggerProblem(draft: TriggerDraft): string | undefined {
  if (draft.name.trim() === '') return 'A trigger has a name';
  if (draft.table === '') return 'It belongs to a table';
  if (draft.functionName === '') return 'It runs a function';
  if (draft.events.length === 0) return 'It waits for something';
  if (draft.events.includes('truncate') && draft.level === 'row')
    return 'TRUNCATE has no rows: run it once a statement';
  if (draft.timing === 'instead of' && draft.level !== 'row') return 'In place of a change it runs for each row';
  return undefined;
}

const tableOf = ({ schema, table }: TriggerDraft): string => quoteQualified(schema, table);

function makeSql(draft: TriggerDraft): string {
  const events = draft.events.map((event) =>
    event === 'update' && draft.columns.length > 0 ? `update of ${draft.columns.map(quoteName).join(', ')}` : event,
  );
  const tables = [
    draft.oldTable !== '' && `old table as ${quoteName(draft.oldTable)}`,
    draft.newTable !== '' && `new table as ${quoteName(draft.newTable)}`,
  ].filter(Boolean);
  return [
    `create or replace trigger ${quoteName(draft.name)}`,
    `  ${draft.timing} ${events.join(' or ')} on ${tableOf(draft)}`,
    tables.length > 0 && `  referencing ${tables.join(' ')}`,
    `  for each ${draft.level}`,
    draft.when.trim() !== '' && `  when (${draft.when.trim()})`,
    `  execute function ${quoteQualified(draft.functionSchema, draft.functionName)}(${draft.arguments.map(quoteText).join(', ')})`,
  ]
    .filter(Boolean)
    .join('\n');
}

const stateWords = { on: 'enable', off: 'disable', replica: 'enable replica', always: 'enable always' } as const;

/** Has a trigger run or not. */
export const triggerStateSql = (draft: TriggerDraft): string =>
  `alter table ${tableOf(draft)} ${stateWords[draft.state]} trigger ${quoteName(draft.name)};`;

/** Statements that make the trigger, or one of another, in one transaction; empty: they are alike. */
export function triggerSql(before: TriggerDraft | undefined, after: TriggerDraft): string {
  const statements: string[] = [];
  const body = (draft: TriggerDraft): string => JSON.stringify({ ...draft, name: '', state: '' });
  const isMade = before === undefined || body(before) !== body(after);
  if (before && before.name !== after.name)
    statements.push(
      `alter trigger ${quoteName(before.name)} on ${tableOf(before)} rename to ${quoteName(after.name)};`,
    );
  if (isMade) statements.push(`${makeSql(after)};`);
  // A trigger that is made again runs, whatever it did before.
  if (isMade ? after.state !== 'on' : before?.state !== after.state) statements.push(triggerStateSql(after));
  return statements.join('\n');
}

/** Drops a trigger. */
export const dropTriggerSql = (of: Pick<TriggerDraft, 'schema' | 'table' | 'name'>): string =>
  `drop trigger ${quoteName(of.name)} on ${quoteQualified(of.schema, of.table)};`;
