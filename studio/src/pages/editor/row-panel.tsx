import { useState } from 'react';
import { Button } from '../../design/button.tsx';
import { CopyButton } from '../../design/code-block.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { SelectField, TextArea } from '../../design/field.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import type { Typed } from '../../sql/changes.ts';
import type { Column } from '../../sql/table.ts';
import styles from './page.module.css';

/** One row, a field below the other, to read whole and to change. */
export function RowPanel({
  title,
  columns,
  values,
  error,
  editable,
  onDone,
  onClose,
}: {
  readonly title: string;
  readonly columns: readonly Column[];
  /** By column; undefined while they are loaded. */
  readonly values: Readonly<Record<string, Typed>> | undefined;
  readonly error: unknown;
  readonly editable: boolean;
  /** Told what was changed. */
  readonly onDone: (values: Readonly<Record<string, Typed>>) => void;
  readonly onClose: () => void;
}) {
  const [changed, setChanged] = useState<Readonly<Record<string, Typed>>>({});
  const current = (name: string): Typed => (name in changed ? changed[name] : values?.[name]);
  const count = Object.keys(changed).length;
  return (
    <Sheet
      title={title}
      onClose={onClose}
      actions={
        <>
          {values && <CopyButton label="Copy as JSON" text={JSON.stringify({ ...values, ...changed }, null, 2)} />}
          <span className={styles.end} />
          <Button onClick={onClose}>{count > 0 ? 'Cancel' : 'Close'}</Button>
          {editable && (
            <Button kind="primary" disabled={count === 0} onClick={() => onDone(changed)}>
              Keep
            </Button>
          )}
        </>
      }
    >
      {error !== undefined && error !== null ? (
        <ErrorBox error={error} />
      ) : !values ? (
        <Skeleton lines={8} />
      ) : (
        <div className={styles.form}>
          {columns.map((column) => {
            const { name, type, nullable, generated, labels, comment } = column;
            const value = current(name);
            const set = (next: Typed) => setChanged({ ...changed, [name]: next });
            const choices = labels ?? (type === 'boolean' ? ['true', 'false'] : undefined);
            const label = `${name} · ${type}`;
            const hint = [
              comment,
              value === null && 'NULL',
              value === undefined && 'default',
              generated && 'made by the database',
            ]
              .filter(Boolean)
              .join(' · ');
            return (
              <div key={name} className={styles.fieldRow}>
                {choices ? (
                  <SelectField
                    label={label}
                    hint={hint}
                    disabled={!editable || generated}
                    value={value ?? ''}
                    onChange={({ currentTarget }) => set(currentTarget.value)}
                  >
                    {!choices.includes(value ?? '') && <option value={value ?? ''}>{value ?? ''}</option>}
                    {choices.map((choice) => (
                      <option key={choice}>{choice}</option>
                    ))}
                  </SelectField>
                ) : (
                  <TextArea
                    label={label}
                    hint={hint}
                    readOnly={!editable || generated}
                    rows={Math.min(
                      12,
                      Math.max(1, (value ?? '').split('\n').length, Math.ceil((value ?? '').length / 60)),
                    )}
                    style={{ minHeight: 'var(--control)' }}
                    value={value ?? ''}
                    onChange={({ currentTarget }) => set(currentTarget.value)}
                  />
                )}
                {editable && nullable && !generated && value !== null && (
                  <Button small kind="quiet" onClick={() => set(null)}>
                    NULL
                  </Button>
                )}
              </div>
            );
          })}
        </div>
      )}
    </Sheet>
  );
}
