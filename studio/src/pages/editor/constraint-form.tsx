import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { runSql } from '../../data/sql.ts';
import { ChoiceList } from '../../design/choice-list.tsx';
import { Checkbox, SelectField, TextArea, TextField } from '../../design/field.tsx';
import { StatementSheet } from '../../design/statement-sheet.tsx';
import { Note } from '../../design/states.tsx';
import {
  addConstraintSql,
  type ConstraintDraft,
  constraintKinds,
  constraintProblem,
  listTargets,
  newConstraint,
  referenceActions,
} from '../../sql/ddl/constraint.ts';
import type { Column } from '../../sql/table.ts';

/** Adds a constraint; another primary key takes the place of the one there is. */
export function ConstraintForm({
  schema,
  table,
  columns,
  primaryKey,
  onClose,
}: {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column[];
  readonly primaryKey: string | undefined;
  readonly onClose: () => void;
}) {
  const [draft, setDraft] = useState<ConstraintDraft>(newConstraint);
  const put = (part: Partial<ConstraintDraft>) => setDraft((all) => ({ ...all, ...part }));
  const targets = useQuery({
    queryKey: ['fk-targets', 'all'],
    queryFn: ({ signal }) => runSql<ConstraintDraft['target'] & Record<string, unknown>>(listTargets, signal),
  });
  const problem = constraintProblem(draft);
  const isForeign = draft.kind === 'foreign key';
  return (
    <StatementSheet
      title={`New constraint of ${table}`}
      action="Add"
      problem={problem}
      sql={problem === undefined ? addConstraintSql(schema, table, draft, primaryKey) : ''}
      said="The constraint is added"
      onClose={onClose}
    >
      <SelectField
        label="Kind"
        value={draft.kind}
        onChange={({ currentTarget }) => put({ kind: currentTarget.value as ConstraintDraft['kind'] })}
      >
        {constraintKinds.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </SelectField>
      <TextField
        label="Name"
        placeholder="made by the server"
        maxLength={63}
        value={draft.name}
        onChange={({ currentTarget }) => put({ name: currentTarget.value })}
      />
      {draft.kind === 'check' ? (
        <TextArea
          label="Rows have to meet"
          placeholder="price >= 0"
          value={draft.expression}
          onChange={({ currentTarget }) => put({ expression: currentTarget.value })}
        />
      ) : (
        <ChoiceList
          legend="Columns, in the order in which they are ticked"
          options={columns.map(({ name }) => name)}
          chosen={draft.columns}
          onChange={(chosen) => put({ columns: chosen })}
        />
      )}
      {isForeign && (
        <>
          <SelectField
            label="Leads to"
            value={draft.target.table === '' ? '' : JSON.stringify(targetOf(draft.target))}
            onChange={({ currentTarget }) => {
              const found = targets.data?.find((each) => JSON.stringify(targetOf(each)) === currentTarget.value);
              put({ target: found ?? newConstraint.target });
            }}
          >
            <option value="">Choose…</option>
            {(targets.data ?? []).map((each) => (
              <option key={JSON.stringify(targetOf(each))} value={JSON.stringify(targetOf(each))}>
                {`${each.schema === 'public' ? '' : `${each.schema}.`}${each.table} (${each.columns.join(', ')})`}
              </option>
            ))}
          </SelectField>
          {(['onDelete', 'onUpdate'] as const).map((on) => (
            <SelectField
              key={on}
              label={on === 'onDelete' ? 'When that row is deleted' : 'When its key changes'}
              value={draft[on]}
              onChange={({ currentTarget }) => put({ [on]: currentTarget.value as ConstraintDraft['onDelete'] })}
            >
              {referenceActions.map((each) => (
                <option key={each} value={each}>
                  {actionWords[each]}
                </option>
              ))}
            </SelectField>
          ))}
        </>
      )}
      {draft.kind !== 'check' && (
        <SelectField
          label="Looked at"
          value={draft.deferrable}
          onChange={({ currentTarget }) => put({ deferrable: currentTarget.value as ConstraintDraft['deferrable'] })}
        >
          <option value="no">at once</option>
          <option value="immediate">at once, unless a transaction defers it</option>
          <option value="deferred">when the transaction ends</option>
        </SelectField>
      )}
      {(isForeign || draft.kind === 'check') && (
        <Checkbox
          label="rows that are there meet it, too (a long look at a large table)"
          checked={draft.validate}
          onChange={({ currentTarget }) => put({ validate: currentTarget.checked })}
        />
      )}
      {draft.kind === 'primary key' && primaryKey !== undefined && (
        <Note kind="warn">
          It takes the place of {primaryKey}. Where foreign keys lead to that, the database refuses.
        </Note>
      )}
    </StatementSheet>
  );
}

const targetOf = ({ schema, table, columns }: ConstraintDraft['target']): readonly unknown[] => [
  schema,
  table,
  columns,
];

const actionWords = {
  'no action': 'refuse, at the end of the statement (no action)',
  restrict: 'refuse at once (restrict)',
  cascade: 'do the same to these rows (cascade)',
  'set null': 'set these columns to null',
  'set default': 'set these columns to their default',
} as const;
