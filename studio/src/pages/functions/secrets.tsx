import { type FormEvent, useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { TextField } from '../../design/field.tsx';
import { EmptyState, ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { setSecret, unsetSecret, useFunctionChange, useSecrets } from './data.ts';
import styles from './page.module.css';

/** Variables that all functions get: set and taken away, never shown. */
export function Secrets() {
  const may = useMay('developer');
  const toasts = useToasts();
  const secrets = useSecrets(may);
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const set = useFunctionChange(
    () => setSecret(name, value),
    () => {
      toasts.done(`${name} is set; workers that start from now on have it`);
      setName('');
      setValue('');
    },
  );
  const unset = useFunctionChange(unsetSecret, (gone) => toasts.done(`${gone} is gone`));
  if (!may) return <Note>Developers and owners see which secrets there are.</Note>;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate();
  };
  return (
    <div className={styles.main}>
      <form className={styles.bar} onSubmit={submit}>
        <div className={styles.grow}>
          <TextField
            label="Name"
            required
            pattern="[A-Za-z_][A-Za-z0-9_]*"
            autoComplete="off"
            placeholder="STRIPE_KEY"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </div>
        <div className={styles.grow}>
          <TextField
            label="Value"
            type="password"
            required
            autoComplete="off"
            value={value}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
        </div>
        <Button kind="primary" type="submit" disabled={set.isPending}>
          Set
        </Button>
      </form>
      {set.error && <ErrorBox error={set.error} />}
      {secrets.error ? (
        <ErrorBox error={secrets.error} retry={() => void secrets.refetch()} />
      ) : !secrets.data ? (
        <Skeleton />
      ) : secrets.data.length === 0 ? (
        <EmptyState icon="key" title="There are no secrets yet">
          {'Functions read them by Deno.env.get(name).'}
        </EmptyState>
      ) : (
        <DataTable
          label="Secrets"
          rows={secrets.data}
          keyOf={({ name: each }) => each}
          columns={[
            { title: 'Name', render: ({ name: each }) => <code>{each}</code> },
            { title: 'SHA-256', render: ({ value: digest }) => <code>{digest.slice(0, 16)}…</code> },
            {
              title: 'Actions',
              quiet: true,
              render: ({ name: each }) => (
                <IconButton
                  small
                  icon="trash"
                  label={`Remove ${each}`}
                  disabled={unset.isPending}
                  onClick={() => unset.mutate(each, { onError: toasts.failed })}
                />
              ),
            },
          ]}
        />
      )}
    </div>
  );
}
