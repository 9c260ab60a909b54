import { Badge } from '../../../design/badge.tsx';
import { DataTable } from '../../../design/data-table.tsx';
import { Note } from '../../../design/states.tsx';
import styles from '../../../policies/policies.module.css';
import { type Attempt, decide, mostRows } from '../../../sql/simulate.ts';
import type { Simulated } from './data.ts';

/** What is tried, in words. */
export const attemptNames: Readonly<Record<Attempt, string>> = {
  select: 'read rows',
  insert: 'add a row',
  update: 'change rows',
  delete: 'delete rows',
};

/** Rows, each with what becomes of it and which policies decide. */
export function Outcome({ outcome }: { readonly outcome: Simulated }) {
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
