import { useState } from 'react';
import { studio } from '../../data/client.ts';
import { useMay } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { CopyValue } from '../../design/code-block.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { useRows } from './data.ts';
import { SqlForm } from './form.tsx';
import styles from './integrations.module.css';
import { ConfirmChange, WithExtension } from './parts.tsx';
import { vault } from './sql.ts';

interface Secret {
  readonly id: string;
  readonly name: string | null;
  readonly description: string;
  readonly changedAt: string;
}

/** Secrets that SQL may use. */
export function Vault() {
  return (
    <WithExtension name="supabase_vault" icon="lock" about="Keeps secrets encrypted, with a key outside the database.">
      <All />
    </WithExtension>
  );
}

function All() {
  const all = useRows<Secret>(vault.list);
  const may = useMay('developer');
  const toasts = useToasts();
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Secret>();
  const [removing, setRemoving] = useState<Secret>();
  const [shown, setShown] = useState<{ readonly name: string; readonly value: string }>();
  if (all.error) return <ErrorBox error={all.error} retry={() => void all.refetch()} />;
  if (!all.data) return <Skeleton lines={5} />;
  const add = may && (
    <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
      Add a secret
    </Button>
  );
  const show = ({ id, name }: Secret) =>
    studio<{ value: string }>('/vault/reveal', { method: 'POST', body: { id } }).then(
      ({ value }) => setShown({ name: name ?? id, value }),
      toasts.failed,
    );
  return (
    <>
      {all.data.length === 0 ? (
        <EmptyState icon="lock" title="No secrets yet" actions={add}>
          SQL reads them from <code>vault.decrypted_secrets</code>; backups have them encrypted.
        </EmptyState>
      ) : (
        <Card title="Secrets" about="Showing one is noted in the audit log." actions={add} flush>
          <DataTable
            label="Secrets"
            rows={all.data}
            keyOf={({ id }) => id}
            columns={[
              { title: 'Secret', render: ({ name, id }) => name ?? <code>{id}</code> },
              { title: 'What for', render: ({ description }) => description },
              { title: 'Changed', render: ({ changedAt }) => new Date(changedAt).toLocaleString() },
              {
                title: 'Actions',
                quiet: true,
                render: (secret) =>
                  may && (
                    <div className={styles.actions}>
                      <Button small onClick={() => void show(secret)}>
                        Show
                      </Button>
                      <Button small onClick={() => setChanging(secret)}>
                        Change
                      </Button>
                      <Button small onClick={() => setRemoving(secret)}>
                        Remove
                      </Button>
                    </div>
                  ),
              },
            ]}
          />
        </Card>
      )}
      {adding && <AddSecret onClose={() => setAdding(false)} />}
      {changing && <ChangeSecret secret={changing} onClose={() => setChanging(undefined)} />}
      {shown && (
        <Dialog title={shown.name} onClose={() => setShown(undefined)}>
          <CopyValue value={shown.value} label="secret" />
        </Dialog>
      )}
      {removing && (
        <ConfirmChange
          title={`Remove ${removing.name ?? removing.id}?`}
          action="Remove"
          sql={vault.remove(removing.id)}
          onClose={() => setRemoving(undefined)}
        >
          <p>What uses it finds nothing. That cannot be undone.</p>
        </ConfirmChange>
      )}
    </>
  );
}

function AddSecret({ onClose }: { readonly onClose: () => void }) {
  const [given, setGiven] = useState({ name: '', secret: '', description: '' });
  const change = (key: keyof typeof given) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setGiven({ ...given, [key]: event.currentTarget.value });
  return (
    <SqlForm
      title="Add a secret"
      action="Add"
      done="The secret is kept"
      sql={() => vault.create(given.name, given.secret, given.description)}
      onClose={onClose}
    >
      <TextField label="Name" required value={given.name} onChange={change('name')} />
      <TextArea label="Secret" rows={3} required value={given.secret} onChange={change('secret')} />
      <TextField label="What for" value={given.description} onChange={change('description')} />
    </SqlForm>
  );
}

function ChangeSecret({ secret, onClose }: { readonly secret: Secret; readonly onClose: () => void }) {
  const [value, setValue] = useState('');
  return (
    <SqlForm
      title={`Change ${secret.name ?? secret.id}`}
      action="Change"
      done="The secret is changed"
      sql={() => vault.update(secret.id, value)}
      onClose={onClose}
    >
      <TextArea
        label="New secret"
        rows={3}
        required
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
    </SqlForm>
  );
}
