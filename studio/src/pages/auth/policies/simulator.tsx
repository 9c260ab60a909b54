import { type FormEvent, useState } from 'react';
import { Badge } from '../../../design/badge.tsx';
import { Button } from '../../../design/button.tsx';
import { DataTable } from '../../../design/data-table.tsx';
import { Sheet } from '../../../design/dialog.tsx';
import { SelectField, TextArea } from '../../../design/field.tsx';
import { ErrorBox, Note } from '../../../design/states.tsx';
import { ActAsPicker } from '../../../editor/act-as-picker.tsx';
import type { ActAs } from '../../../sql/act-as.ts';
import type { GuardedTable, Policy } from '../../../sql/policies.ts';
import { type Attempt, attempts, decide, mostRows } from '../../../sql/simulate.ts';
import { readObject } from '../users/metadata.ts';
import { type Simulated, useSimulation } from './data.ts';
import styles from './policies.module.css';

const attemptNames: Readonly<Record<Attempt, string>> = {
  select: 'read rows',
  insert: 'add a row',
  update: 'change rows',
  delete: 'delete rows',
};

/** Tries a request as somebody, in a transaction that is rolled back: rows, and which policy decided on each. */
export function Simulator({
  table,
  policies,
  onClose,
}: {
  readonly table: Pick<GuardedTable, 'schema' | 'name'>;
  readonly policies: readonly Policy[];
  readonly onClose: () => void;
}) {
  const [as, setAs] = useState<ActAs>({ kind: 'anon' });
  const [attempt, setAttempt] = useState<Attempt>('select');
  const [values, setValues] = useState('');
  const simulation = useSimulation(policies);
  const [problem, setProblem] = useState<unknown>();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      setProblem(undefined);
      simulation.mutate({
        schema: table.schema,
        table: table.name,
        as,
        attempt,
        values: attempt === 'insert' || attempt === 'update' ? readObject(values) : {},
      });
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Sheet title={`Try policies of ${table.name}`} onClose={onClose}>
      <div className={styles.row}>
        <ActAsPicker value={as} onChange={(next) => setAs(next ?? { kind: 'anon' })} />
      </div>
      <form className={styles.form} onSubmit={submit}>
        <SelectField
          label="Try to"
          value={attempt}
          onChange={(event) => setAttempt(event.currentTarget.value as Attempt)}
        >
          {attempts.map((each) => (
            <option key={each} value={each}>
              {attemptNames[each]}
            </option>
          ))}
        </SelectField>
        {(attempt === 'insert' || attempt === 'update') && (
          <TextArea
            label={attempt === 'insert' ? 'The row (JSON)' : 'What rows become (JSON)'}
            placeholder={'{ "title": "Try it" }'}
            value={values}
            onChange={(event) => setValues(event.currentTarget.value)}
          />
        )}
        <div>
          <Button kind="primary" type="submit" icon="eye" disabled={simulation.isPending}>
            Try
          </Button>
        </div>
      </form>
      {problem !== undefined && <ErrorBox error={problem} />}
      {problem === undefined && simulation.error && <ErrorBox error={simulation.error} />}
      {simulation.data && <Outcome outcome={simulation.data} />}
    </Sheet>
  );
}

function Outcome({ outcome }: { readonly outcome: Simulated }) {
  const { request, ground, policies, rows } = outcome;
  const verdicts = rows.map((judged) => ({ judged, verdict: decide(ground, request.attempt, policies, judged) }));
  const allowed = verdicts.filter(({ verdict }) => verdict.allowed).length;
  return (
    <section className={styles.judged} aria-label="Outcome">
      <div className={styles.form}>
        <Note kind={allowed === 0 ? 'warn' : 'info'}>
          {rows.length === 0
            ? 'There are no rows to try it with.'
            : `${allowed} of ${rows.length} ${rows.length === mostRows ? 'rows (the first there are)' : rows.length === 1 ? 'row' : 'rows'}: they may ${attemptNames[request.attempt]}. Nothing was changed.`}
        </Note>
        {rows.length > 0 && (
          <DataTable
            label="Rows and verdicts"
            rows={verdicts.map((each, index) => ({ ...each, index }))}
            keyOf={({ index }) => index}
            columns={[
              {
                title: 'Verdict',
                render: ({ verdict }) => (
                  <Badge kind={verdict.allowed ? 'good' : 'bad'}>{verdict.allowed ? 'yes' : 'no'}</Badge>
                ),
              },
              { title: 'Decided by', render: ({ verdict }) => verdict.because ?? verdict.by.join(', ') },
              {
                title: 'Row',
                render: ({ judged }) => <code className={styles.data}>{JSON.stringify(judged.row)}</code>,
              },
            ]}
          />
        )}
      </div>
    </section>
  );
}
