import { type FormEvent, useState } from 'react';
import { room } from '../../../data/client.ts';
import { Button } from '../../../design/button.tsx';
import { Dialog } from '../../../design/dialog.tsx';
import { Checkbox, TextArea, TextField } from '../../../design/field.tsx';
import { ErrorBox } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import { useUserChange } from './data.ts';
import { readObject } from './metadata.ts';
import styles from './users.module.css';

/** Adds a user at once, or sends somebody an invitation. */
export function AddUser({ kind, onClose }: { readonly kind: 'user' | 'invitation'; readonly onClose: () => void }) {
  const toasts = useToasts();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [confirmed, setConfirmed] = useState(true);
  const [data, setData] = useState('');
  const invites = kind === 'invitation';
  const add = useUserChange(
    async () => {
      const metadata = readObject(data);
      return invites
        ? room('auth', '/invite', { method: 'POST', body: { email, data: metadata } })
        : room('auth', '/admin/users', {
            method: 'POST',
            body: {
              email,
              email_confirm: confirmed,
              user_metadata: metadata,
              ...(password !== '' && { password }),
            },
          });
    },
    () => {
      toasts.done(invites ? `An invitation to ${email} is on its way` : `${email} is a user now`);
      onClose();
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Dialog
      title={invites ? 'Invite somebody' : 'Add a user'}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="add-user" disabled={add.isPending}>
            {invites ? 'Send the invitation' : 'Add'}
          </Button>
        </>
      }
    >
      <form id="add-user" onSubmit={submit} className={styles.form}>
        <TextField
          label="Email address"
          type="email"
          required
          autoComplete="off"
          {...(invites && { hint: 'They get a mail with a link, by which they choose how to sign in.' })}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        {!invites && (
          <>
            <TextField
              label="Password"
              type="password"
              autoComplete="new-password"
              hint="Leave it empty for somebody who signs in by mail or with a provider."
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Checkbox
              label="The address is confirmed: they can sign in at once"
              checked={confirmed}
              onChange={(event) => setConfirmed(event.currentTarget.checked)}
            />
          </>
        )}
        <TextArea
          label="Metadata (JSON)"
          placeholder={'{ "full_name": "Ann Example" }'}
          value={data}
          onChange={(event) => setData(event.currentTarget.value)}
        />
      </form>
      {add.error && <ErrorBox error={add.error} />}
    </Dialog>
  );
}
