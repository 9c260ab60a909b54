import { type FormEvent, useState } from 'react';
import { Button } from '../../../design/button.tsx';
import { Sheet } from '../../../design/dialog.tsx';
import { SelectField, TextArea } from '../../../design/field.tsx';
import { ErrorBox } from '../../../design/states.tsx';
import { Tabs } from '../../../design/tabs.tsx';
import { ActAsPicker } from '../../../editor/act-as-picker.tsx';
import styles from '../../../policies/policies.module.css';
import type { ActAs } from '../../../sql/act-as.ts';
import type { GuardedTable, Policy } from '../../../sql/policies.ts';
import { type Attempt, attempts } from '../../../sql/simulate.ts';
import { readObject } from '../users/metadata.ts';
import { useSimulation } from './data.ts';
import { attemptNames, Outcome } from './outcome.tsx';
import { RealRequest } from './real-request.tsx';

/** Tries what somebody may: judged in a transaction that is rolled back, or by a real request. */
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
  const [way, setWay] = useState<'judge' | 'send'>('judge');
  return (
    <Sheet title={`Try policies of ${table.name}`} onClose={onClose}>
      <div className={styles.row}>
        <ActAsPicker value={as} onChange={(next) => setAs(next ?? { kind: 'anon' })} />
      </div>
      <Tabs
        label="How it is tried"
        value={way}
        onChange={setWay}
        tabs={[
          { key: 'judge', label: 'Judge rows', content: () => <Judge table={table} policies={policies} as={as} /> },
          {
            key: 'send',
            label: 'Send a request',
            content: () => <RealRequest table={table} policies={policies} as={as} />,
          },
        ]}
      />
    </Sheet>
  );
}

/** Rows, and which policy decides on each; nothing stays. */
function Judge({
  table,
  policies,
  as,
}: {
  readonly table: Pick<GuardedTable, 'schema' | 'name'>;
  readonly policies: readonly Policy[];
  readonly as: ActAs;
}) {
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
    <div className={styles.form}>
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
    </div>
  );
}
