import { quoteName, quoteQualified, quoteText } from '../quote.ts';

/** What becomes of rows when what they refer to goes or changes. */
export const referenceActions = ['no action', 'restrict', 'cascade', 'set null', 'set default'] as const;

/** Kinds of constraints that are made here. */
export const constraintKinds = ['check', 'unique', 'foreign key', 'primary key'] as const;

/** A constraint that a table has. */
export interface Constraint {
  readonly name: string;
  readonly kind: string;
  /** As SQL says it. */
  readonly text: string;
  /** False: rows that were there are not known to meet it. */
  readonly validated: boolean;
  /** True: it comes from a parent table. */
  readonly inherited: boolean;
}

/** A constraint as somebody wants it. */
export interface ConstraintDraft {
  readonly kind: (typeof constraintKinds)[number];
  /** Empty: the server makes one. */
  readonly name: string;
  readonly columns: readonly string[];
  /** Of a check. */
  readonly expression: string;
  readonly target: { readonly schema: string; readonly table: string; readonly columns: readonly string[] };
  readonly onDelete: (typeof referenceActions)[number];
  readonly onUpdate: (typeof referenceActions)[number];
  readonly deferrable: 'no' | 'immediate' | 'deferred';
  /** False: rows that are there already need not meet it yet. */
  readonly validate: boolean;
}

/** A constraint to begin with. */
export const newConstraint: ConstraintDraft = {
  kind: 'check',
  name: '',
  columns: [],
  expression: '',
  target: { schema: 'public', table: '', columns: [] },
  onDelete: 'no action',
  onUpdate: 'no action',
  deferrable: 'no',
  validate: true,
};

/** Constraints of a table: rows of `Constraint`. */
export const listConstraints = (schema: string, table: string): string =>
  `select k.conname as name, case k.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key' when 'c' then 'check' else 'exclusion' end as kind,
  pg_get_constraintdef(k.oid) as text, k.convalidated as validated, not k.conislocal as inherited
from pg_constraint k where k.conrelid = ${quoteText(quoteQualified(schema, table))}::regclass and k.contype in ('p', 'u', 'f', 'c', 'x')
order by k.contype = 'p' desc, k.contype, k.conname`;

/** What foreign keys may lead to: rows of `schema`, `table` and `columns`, which are unique together. */
export const listTargets = `select n.nspname as schema, c.relname as table, (select json_agg(a.attname order by o.at)
    from unnest(i.indkey::int2[]) with ordinality o (num, at) join pg_attribute a on a.attrelid = c.oid and a.attnum = o.num where o.at <= i.indnkeyatts) as columns
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where i.indisunique and i.indpred is null and i.indexprs is null and i.indimmediate and c.relkind in ('r', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^_'
order by n.nspname <> 'public', 1, 2, i.indisprimary desc limit 1000`;

/** What is wrong with it, in words; undefined: nothing. */
export function constraintProblem(draft: ConstraintDraft): string | undefined {
  if (draft.kind === 'check') return draft.expression.trim() === '' ? 'A check says what rows have to meet' : undefined;
  if (draft.columns.length === 0) return 'Choose its columns';
  if (draft.kind !== 'foreign key') return undefined;
  if (draft.target.table === '') return 'Choose what it leads to';
  if (draft.columns.length !== draft.target.columns.length)
    return `It leads to ${draft.target.columns.length} ${draft.target.columns.length === 1 ? 'column' : 'columns'}: choose as many`;
  return undefined;
}

const later = { no: '', immediate: ' deferrable', deferred: ' deferrable initially deferred' } as const;

/** Statements that add it, in one transaction. @param current the primary key there is, which another one takes the place of */
export function addConstraintSql(
  schema: string,
  table: string,
  draft: ConstraintDraft,
  current?: string | undefined,
): string {
  const alter = `alter table ${quoteQualified(schema, table)}`;
  const columns = `(${draft.columns.map(quoteName).join(', ')})`;
  const named = draft.name.trim() === '' ? '' : `constraint ${quoteName(draft.name.trim())} `;
  const what =
    draft.kind === 'check'
      ? `check (${draft.expression.trim()})`
      : draft.kind === 'foreign key'
        ? [
            `foreign key ${columns} references ${quoteQualified(draft.target.schema, draft.target.table)} (${draft.target.columns.map(quoteName).join(', ')})`,
            draft.onUpdate !== 'no action' && `on update ${draft.onUpdate}`,
            draft.onDelete !== 'no action' && `on delete ${draft.onDelete}`,
          ]
            .filter(Boolean)
            .join(' ')
        : `${draft.kind} ${columns}`;
  const isLater = draft.kind !== 'check' ? later[draft.deferrable] : '';
  const isUnchecked = !draft.validate && (draft.kind === 'check' || draft.kind === 'foreign key');
  return [
    draft.kind === 'primary key' && current !== undefined && dropConstraintSql(schema, table, current, false),
    `${alter} add ${named}${what}${isLater}${isUnchecked ? ' not valid' : ''};`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** Drops a constraint. @param cascade with it, foreign keys of other tables that lead to it */
export const dropConstraintSql = (schema: string, table: string, name: string, cascade: boolean): string =>
  `alter table ${quoteQualified(schema, table)} drop constraint ${quoteName(name)}${cascade ? ' cascade' : ''};`;

/** Looks whether the rows that are there meet a constraint. */
export const validateConstraintSql = (schema: string, table: string, name: string): string =>
  `alter table ${quoteQualified(schema, table)} validate constraint ${quoteName(name)};`;
