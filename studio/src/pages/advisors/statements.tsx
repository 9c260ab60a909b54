import { useState } from 'react';
import { useMay } from '../../data/session.ts';
import { runSql } from '../../data/sql.ts';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { Select } from '../../design/field.tsx';
import { Card, KeyValue } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import styles from './advisors.module.css';
import { type Statement, useStatements } from './data.ts';
import { queries, type StatementOrder } from './sql.ts';

const orders: readonly (readonly [StatementOrder, string])[] = [
  ['total', 'Most time in all'],
  ['mean', 'Longest on average'],
  ['calls', 'Run most often'],
];

/** The statements that take the database's time. */
export function Statements() {
  const [order, setOrder] = useState<StatementOrder>('total');
  const [open, setOpen] = useState<Statement>();
  const may = useMay('developer');
  const toasts = useToasts();
  const statements = useStatements(order);
  const reset = () =>
    runSql(queries.reset)
      .then(() => statements.refetch())
      .catch(toasts.failed);
  if (statements.error) return <ErrorBox error={statements.error} retry={() => void statements.refetch()} />;
  if (statements.data === undefined) return <Skeleton lines={8} />;
  if (statements.data === null)
    return (
      <EmptyState icon="activity" title="Nobody counts statements">
        <code>create extension pg_stat_statements schema extensions</code> makes the server count them, if it was
        started with that library.
      </EmptyState>
    );
  return (
    <Card
      title="Statements"
      about="As pg_stat_statements has them: what is asked again and again with other values is one."
      actions={
        <>
          <Select
            className={styles.order}
            aria-label="Order"
            value={order}
            onChange={(event) => setOrder(event.currentTarget.value as StatementOrder)}
          >
            {orders.map(([key, text]) => (
              <option key={key} value={key}>
                {text}
              </option>
            ))}
          </Select>
          {may && <Button onClick={() => void reset()}>Count anew</Button>}
        </>
      }
      flush
    >
      <DataTable
        label="Statements"
        rows={statements.data}
        keyOf={({ id, role }) => `${id} ${role}`}
        columns={[
          {
            title: 'Statement',
            render: (statement) => (
              <button type="button" className={styles.statement} onClick={() => setOpen(statement)}>
                {statement.query.replaceAll(/\s+/g, ' ').slice(0, 160)}
              </button>
            ),
          },
          { title: 'Role', render: ({ role }) => role ?? '–' },
          { title: 'Runs', render: ({ calls }) => calls.toLocaleString() },
          { title: 'In all', render: ({ total }) => <span className={styles.time}>{time(total)}</span> },
          { title: 'On average', render: ({ mean }) => <span className={styles.time}>{time(mean)}</span> },
        ]}
      />
      {open && (
        <Sheet title="Statement" onClose={() => setOpen(undefined)}>
          <CodeBlock code={open.query} label="statement" />
          <KeyValue
            pairs={[
              ['Role', open.role ?? '–'],
              ['Runs', open.calls.toLocaleString()],
              ['In all', time(open.total)],
              ['On average', time(open.mean)],
              ['Longest', time(open.longest)],
              ['Rows', open.rows.toLocaleString()],
              ['Found in memory', open.cached === null ? '–' : `${(open.cached * 100).toFixed(1)} %`],
            ]}
          />
        </Sheet>
      )}
    </Card>
  );
}

/** @param milliseconds from a tenth to hours */
function time(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
  if (milliseconds < 120_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return `${(milliseconds / 60_000).toFixed(0)} min`;
}
