import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { studio } from '../../data/client.ts';
import { canUsePasskeys, isDeclined, makePasskey, type Passkey } from '../../data/passkeys.ts';
import { useSession } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';

const passkeysKey = ['passkeys'];

/** Passkeys of the own account. */
export function Passkeys() {
  const client = useQueryClient();
  const toasts = useToasts();
  const [adding, setAdding] = useState(false);
  const passkeys = useQuery({ queryKey: passkeysKey, queryFn: () => studio<Passkey[]>('/passkeys') });
  const changed = () => client.invalidateQueries({ queryKey: passkeysKey });
  const remove = (id: string) => studio(`/passkeys/${id}`, { method: 'DELETE' }).then(changed).catch(toasts.failed);
  return (
    <Card
      title="Passkeys"
      about="Sign in with a fingerprint, a face or a security key in place of the password and the code."
      flush={(passkeys.data?.length ?? 0) > 0}
      actions={
        canUsePasskeys() && (
          <Button small icon="plus" onClick={() => setAdding(true)}>
            Add a passkey
          </Button>
        )
      }
    >
      {passkeys.error ? (
        <ErrorBox error={passkeys.error} retry={() => void passkeys.refetch()} />
      ) : !passkeys.data ? (
        <Skeleton />
      ) : passkeys.data.length > 0 ? (
        <DataTable
          label="Passkeys"
          rows={passkeys.data}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Passkey', render: ({ name }) => name },
            { title: 'Works on', render: ({ relyingParty }) => relyingParty },
            {
              title: 'Last used',
              render: ({ usedAt }) => (usedAt === null ? 'never' : new Date(usedAt).toLocaleString()),
            },
            {
              title: 'Actions',
              quiet: true,
              render: ({ id }) => (
                <Button small onClick={() => void remove(id)}>
                  Remove
                </Button>
              ),
            },
          ]}
        />
      ) : (
        <Note>
          {canUsePasskeys()
            ? 'You have none yet.'
            : 'Browsers make passkeys where the dashboard has a name and HTTPS, or on http://localhost.'}
        </Note>
      )}
      {adding && (
        <Add
          onClose={() => setAdding(false)}
          onDone={(name) => {
            setAdding(false);
            toasts.done(`${name} opens the dashboard from now on`);
            void changed();
          }}
        />
      )}
    </Card>
  );
}

function Add({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: (name: string) => void }) {
  const { secondFactor } = useSession();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [error, setError] = useState<unknown>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    makePasskey(password, code.replaceAll(' ', '')).then(onDone, (failure) => {
      if (!isDeclined(failure)) setError(failure);
    });
  };
  return (
    <Dialog
      title="Add a passkey"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="passkey">
            Go on
          </Button>
        </>
      }
    >
      <form id="passkey" onSubmit={submit} style={{ display: 'grid', gap: 'var(--s4)' }}>
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          hint="Then the browser asks where to keep the passkey."
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {secondFactor && (
          <TextField
            label="Code that the app shows"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        )}
      </form>
      {error !== undefined && <ErrorBox error={error} />}
    </Dialog>
  );
}
