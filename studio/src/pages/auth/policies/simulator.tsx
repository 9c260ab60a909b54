import { type FormEvent, useDeferredValue, useId, useState } from 'react';
import { Badge } from '../../../design/badge.tsx';
import { Button } from '../../../design/button.tsx';
import { DataTable } from '../../../design/data-table.tsx';
import { Sheet } from '../../../design/dialog.tsx';
import { SelectField, TextArea, TextField } from '../../../design/field.tsx';
import { ErrorBox, Note } from '../../../design/states.tsx';
import type { ActAs } from '../../../sql/act-as.ts';
import type { GuardedTable, Policy } from '../../../sql/policies.ts';
import { type Attempt, attempts, decide, mostRows } from '../../../sql/simulate.ts';
import type { ListedUser } from '../../../sql/users.ts';
import { useUsers } from '../users/data.ts';
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
  const [kind, setKind] = useState<ActAs['kind']>('anon');
  const [email, setEmail] = useState('');
  const [attempt, setAttempt] = useState<Attempt>('select');
  const [values, setValues] = useState('');
  const people = useUsers({ search: useDeferredValue(email), state: 'all' });
  const found = people.data?.pages[0] ?? [];
  const list = useId();
  const simulation = useSimulation(policies);
  const [problem, setProblem] = useState<unknown>();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      setProblem(undefined);
      simulation.mutate({
        schema: table.schema,
        table: table.name,
        as: actor(kind, email, found),
        attempt,
        values: attempt === 'insert' || attempt === 'update' ? readObject(values) : {},
      });
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Sheet title={`Try policies of ${table.name}`} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        <div className={styles.row}>
          <SelectField
            label="As"
            value={kind}
            onChange={(event) => setKind(event.currentTarget.value as ActAs['kind'])}
          >
            <option value="anon">somebody not signed in (anon)</option>
            <option value="user">a user</option>
            <option value="service">a server (service_role)</option>
          </SelectField>
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
        </div>
        {kind === 'user' && (
          <>
            <TextField
              label="User"
              required
              list={list}
              autoComplete="off"
              placeholder="Address or id"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <datalist id={list}>
              {found.map((user) => (
                <option key={user.id} value={user.email ?? user.id} />
              ))}
            </datalist>
          </>
        )}
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

/** @throws Error when no such user is found */
function actor(kind: ActAs['kind'], email: string, found: readonly ListedUser[]): ActAs {
  if (kind !== 'user') return { kind };
  const user = found.find((each) => each.email === email.trim() || each.id === email.trim());
  if (!user) throw new Error('Choose a user by the whole address or id');
  return { kind, id: user.id, email: user.email ?? '', claims: { is_anonymous: user.anonymous } };
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
