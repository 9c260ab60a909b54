import type { FormEvent, ReactNode } from 'react';
import { Button } from '../../design/button.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { ErrorBox } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { useChange } from './data.ts';
import styles from './integrations.module.css';

/** A form in a dialog that runs one statement. @param sql of what is in the form now */
export function SqlForm({
  title,
  action,
  done,
  sql,
  onClose,
  children,
}: {
  readonly title: string;
  readonly action: string;
  /** Said when it is done. */
  readonly done: string;
  readonly sql: () => string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const toasts = useToasts();
  const change = useChange(() => {
    toasts.done(done);
    onClose();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(sql());
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="sql-form" disabled={change.isPending}>
            {action}
          </Button>
        </>
      }
    >
      <form id="sql-form" onSubmit={submit} className={styles.form}>
        {children}
      </form>
      {change.error && <ErrorBox error={change.error} />}
    </Dialog>
  );
}
