import type { ReactNode } from 'react';
import { useStatements } from '../data/statements.ts';
import { warningsOf } from '../sql/statements.ts';
import { Button } from './button.tsx';
import { CodeBlock } from './code-block.tsx';
import { Sheet } from './dialog.tsx';
import styles from './statement-sheet.module.css';
import { ErrorBox, Note } from './states.tsx';
import { useToasts } from './toast.tsx';

/** A form that ends in SQL, which is shown before it is run. */
export function StatementSheet({
  title,
  action,
  sql,
  prepare,
  problem,
  said,
  wide,
  running,
  onClose,
  children,
}: {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  /** What is run; empty: nothing is changed yet. */
  readonly sql: string;
  /** Makes what is run where that is not what is shown, as with passwords. */
  readonly prepare?: (() => Promise<string>) | undefined;
  /** Why it cannot be run yet. */
  readonly problem: string | undefined;
  /** What is told when it is done. */
  readonly said: string;
  readonly wide?: boolean;
  /** Shown while it runs, where that takes long; it can then be cancelled. */
  readonly running?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const toasts = useToasts();
  const statements = useStatements(() => {
    toasts.done(said);
    onClose();
  });
  const warnings = problem === undefined ? warningsOf(sql) : [];
  return (
    <Sheet
      title={title}
      wide={wide === true}
      onClose={onClose}
      actions={
        <>
          {statements.busy && running ? (
            <Button icon="stop" onClick={statements.cancel}>
              Stop it
            </Button>
          ) : (
            <Button onClick={onClose}>Cancel</Button>
          )}
          <Button
            kind="primary"
            type="submit"
            form="statements"
            disabled={statements.busy || problem !== undefined || sql === ''}
          >
            {action}
          </Button>
        </>
      }
    >
      <form
        id="statements"
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          statements.run(prepare ?? sql);
        }}
      >
        {children}
      </form>
      {warnings.length > 0 && (
        <Note kind="warn">
          {warnings.map((warning) => (
            <p key={warning}>{warning}</p>
          ))}
        </Note>
      )}
      {statements.error && <ErrorBox error={statements.error} />}
      {statements.busy && running}
      {problem !== undefined || sql === '' ? (
        <p className={styles.said}>{problem ?? 'Nothing is changed yet.'}</p>
      ) : (
        <CodeBlock label="What is run" code={sql} />
      )}
    </Sheet>
  );
}
