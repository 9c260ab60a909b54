import { type FormEvent, useState } from 'react';
import { room } from '../../../data/client.ts';
import { Button, IconButton } from '../../../design/button.tsx';
import { CopyValue } from '../../../design/code-block.tsx';
import { Confirm, Dialog } from '../../../design/dialog.tsx';
import { Checkbox, SelectField, TextField } from '../../../design/field.tsx';
import { Menu } from '../../../design/menu.tsx';
import { ErrorBox } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import type { WholeUser } from '../../../sql/users.ts';
import { putUser, useUserChange } from './data.ts';
import { isBanned } from './times.ts';
import styles from './users.module.css';

type Opened = 'ban' | 'password' | 'link' | 'delete';

/** Mails, confirmation, ban, password and deletion. */
export function UserActions({ user, onGone }: { readonly user: WholeUser; readonly onGone: () => void }) {
  const toasts = useToasts();
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  const { email, id } = user;
  const change = useUserChange(
    ({ body }: { readonly body: Readonly<Record<string, unknown>>; readonly done: string }) => putUser(id, body),
    ({ done }) => toasts.done(done),
  );
  const mail = useUserChange(
    ({ path }: { readonly path: string; readonly done: string }) =>
      room('auth', path, { method: 'POST', body: { email } }),
    ({ done }) => toasts.done(done),
  );
  const put = (done: string, body: Readonly<Record<string, unknown>>) =>
    change.mutate({ body, done }, { onError: toasts.failed });
  const send = (path: string, what: string) =>
    mail.mutate({ path, done: `${what} for ${email} is on its way` }, { onError: toasts.failed });
  const banned = isBanned(user.bannedUntil);
  return (
    <>
      <div className={styles.actions}>
        {email !== null && (
          <Menu
            label="Send a mail"
            items={[
              { label: 'Magic link', icon: 'mail', onSelect: () => send('/magiclink', 'A magic link') },
              {
                label: 'Password recovery',
                icon: 'key',
                onSelect: () => send('/recover', 'A link for a new password'),
              },
              { label: 'A link to copy…', icon: 'copy', line: true, onSelect: () => setOpened('link') },
            ]}
            trigger={(props) => (
              <Button icon="mail" {...props}>
                Send
              </Button>
            )}
          />
        )}
        {email !== null && user.emailConfirmedAt === null && (
          <Button icon="check" onClick={() => put('The address counts as confirmed', { email_confirm: true })}>
            Confirm
          </Button>
        )}
        {banned ? (
          <Button onClick={() => put('The ban is lifted', { ban_duration: 'none' })}>Lift the ban</Button>
        ) : (
          <Button onClick={() => setOpened('ban')}>Ban…</Button>
        )}
        <Button icon="key" onClick={() => setOpened('password')}>
          Password…
        </Button>
        <IconButton icon="trash" label="Delete the user" onClick={() => setOpened('delete')} />
      </div>
      {opened === 'ban' && (
        <Ban onClose={close} onBan={(duration) => put('The user is banned', { ban_duration: duration })} />
      )}
      {opened === 'password' && <SetPassword user={user} onClose={close} />}
      {opened === 'link' && email !== null && <CopyLink email={email} onClose={close} />}
      {opened === 'delete' && <Delete user={user} onClose={close} onGone={onGone} />}
    </>
  );
}

const banTimes = [
  ['1h', 'An hour'],
  ['24h', 'A day'],
  ['168h', 'A week'],
  ['720h', '30 days'],
  ['876000h', 'A hundred years'],
] as const;

function Ban({ onClose, onBan }: { readonly onClose: () => void; readonly onBan: (duration: string) => void }) {
  const [duration, setDuration] = useState<string>('24h');
  return (
    <Dialog
      title="Ban the user"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="danger"
            onClick={() => {
              onBan(duration);
              onClose();
            }}
          >
            Ban
          </Button>
        </>
      }
    >
      <SelectField
        label="For how long"
        hint="They cannot sign in or refresh a session meanwhile. A token they have is good until it expires."
        value={duration}
        onChange={(event) => setDuration(event.currentTarget.value)}
      >
        {banTimes.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
    </Dialog>
  );
}

function SetPassword({ user, onClose }: { readonly user: WholeUser; readonly onClose: () => void }) {
  const toasts = useToasts();
  const [password, setPassword] = useState('');
  const change = useUserChange(
    () => putUser(user.id, { password }),
    () => {
      toasts.done('The password is set');
      onClose();
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Dialog
      title="Set a password"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="user-password" disabled={change.isPending}>
            Set
          </Button>
        </>
      }
    >
      <form id="user-password" onSubmit={submit}>
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          hint="Better let them choose one: Send, Password recovery."
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
      </form>
      {change.error && <ErrorBox error={change.error} />}
    </Dialog>
  );
}

const linkKinds = { magiclink: 'Sign-in', recovery: 'Password recovery', invite: 'Invitation' } as const;

function CopyLink({ email, onClose }: { readonly email: string; readonly onClose: () => void }) {
  const [kind, setKind] = useState<keyof typeof linkKinds>('magiclink');
  const make = useUserChange(
    () =>
      room<{ action_link: string }>('auth', '/admin/generate_link', { method: 'POST', body: { type: kind, email } }),
    () => {},
  );
  const link = (make.data as { readonly action_link: string } | undefined)?.action_link;
  return (
    <Dialog
      title="A link to copy"
      onClose={onClose}
      actions={
        <Button kind="primary" disabled={make.isPending} onClick={() => make.mutate()}>
          Make the link
        </Button>
      }
    >
      <SelectField
        label="For"
        hint="No mail is sent. Whoever has the link is this user: hand it on carefully. A newer one takes its place."
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as keyof typeof linkKinds)}
      >
        {Object.entries(linkKinds).map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </SelectField>
      {link !== undefined && <CopyValue value={link} label="link" />}
      {make.error && <ErrorBox error={make.error} />}
    </Dialog>
  );
}

function Delete({
  user,
  onClose,
  onGone,
}: {
  readonly user: WholeUser;
  readonly onClose: () => void;
  readonly onGone: () => void;
}) {
  const toasts = useToasts();
  const [softly, setSoftly] = useState(false);
  const remove = useUserChange(
    () => room('auth', `/admin/users/${user.id}`, { method: 'DELETE', body: { should_soft_delete: softly } }),
    () => {
      toasts.done('The user is deleted');
      onGone();
    },
  );
  return (
    <Confirm
      title={`Delete ${user.email ?? user.phone ?? 'this user'}?`}
      action="Delete the user"
      busy={remove.isPending}
      onClose={onClose}
      onConfirm={() => remove.mutate()}
    >
      <p>The account, its sessions and its factors go. Rows of yours that refer to it go where your tables say so.</p>
      <Checkbox
        label="Keep an empty account, so that its id stays taken and rows keep what they refer to"
        checked={softly}
        onChange={(event) => setSoftly(event.currentTarget.checked)}
      />
      {remove.error && <ErrorBox error={remove.error} />}
    </Confirm>
  );
}
