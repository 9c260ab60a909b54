import type { ReactNode } from 'react';
import { useStatements } from '../data/statements.ts';
import { Button } from './button.tsx';
import { CodeBlock } from './code-block.tsx';
import { Dialog } from './dialog.tsx';
import { ErrorBox } from './states.tsx';
import { useToasts } from './toast.tsx';

/** Shows a statement that loses nothing, and runs it. */
export function StatementDialog({
  title,
  action,
  sql,
  said,
  onClose,
  children,
}: {
  readonly title: string;
  readonly action: string;
  readonly sql: string;
  /** What is told when it is done. */
  readonly said: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const toasts = useToasts();
  const statements = useStatements(() => {
    toasts.done(said);
    onClose();
  });
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={statements.busy ? statements.cancel : onClose}>Cancel</Button>
          <Button kind="primary" disabled={statements.busy} onClick={() => statements.run(sql)}>
            {action}
          </Button>
        </>
      }
    >
      {children}
      <CodeBlock label="What is run" code={sql} />
      {statements.error && <ErrorBox error={statements.error} />}
    </Dialog>
  );
}
