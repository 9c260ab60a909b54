import { room } from '../../../data/client.ts';
import { useMay } from '../../../data/session.ts';
import { runSql } from '../../../data/sql.ts';
import { Badge } from '../../../design/badge.tsx';
import { Button, IconButton } from '../../../design/button.tsx';
import { CopyValue } from '../../../design/code-block.tsx';
import { Sheet } from '../../../design/dialog.tsx';
import { KeyValue } from '../../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import { endSessions, type UserFactor, type UserSession, type WholeUser } from '../../../sql/users.ts';
import { useUser, useUserChange } from './data.ts';
import { Metadata } from './metadata-editor.tsx';
import { timeText } from './times.ts';
import { UserActions } from './user-actions.tsx';
import { UserStateBadge } from './user-state.tsx';
import styles from './users.module.css';

/** Everything about one user, and what can be done. */
export function UserSheet({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const user = useUser(id);
  const { data } = user;
  return (
    <Sheet title={data?.email ?? data?.phone ?? 'User'} onClose={onClose}>
      {user.error ? (
        <ErrorBox error={user.error} retry={() => void user.refetch()} />
      ) : data === undefined ? (
        <Skeleton lines={8} />
      ) : data === null ? (
        <EmptyState icon="search" title="There is no such user">
          The user may have been deleted.
        </EmptyState>
      ) : (
        <Whole user={data} onGone={onClose} />
      )}
    </Sheet>
  );
}

function Whole({ user, onGone }: { readonly user: WholeUser; readonly onGone: () => void }) {
  const may = useMay('developer');
  return (
    <>
      <div className={styles.part}>
        <KeyValue
          pairs={[
            ['Id', <CopyValue key="id" value={user.id} label="id" />],
            ['State', <UserStateBadge key="state" user={user} />],
            ...(user.bannedUntil ? [['Banned until', timeText(user.bannedUntil)] as const] : []),
            ...(user.phone ? [['Phone', user.phone] as const] : []),
            ['Database role', <code key="role">{user.role}</code>],
            ['Since', timeText(user.createdAt)],
            ['Last sign-in', timeText(user.lastSignInAt)],
            ['Address confirmed', timeText(user.emailConfirmedAt)],
          ]}
        />
        {may && <UserActions user={user} onGone={onGone} />}
      </div>
      <div className={styles.part}>
        <h3>Signs in by</h3>
        {user.identities.length === 0 && <p className={styles.none}>No identity yet.</p>}
        {user.identities.map(({ id, provider, subject, email, lastSignInAt }) => (
          <div key={id} className={styles.item}>
            <div>
              <b>{provider}</b> {email ?? subject}
              <br />
              <small>Last used {timeText(lastSignInAt)}</small>
            </div>
          </div>
        ))}
      </div>
      <Factors user={user} />
      <Sessions user={user} />
      <Metadata user={user} />
    </>
  );
}

function Factors({ user }: { readonly user: WholeUser }) {
  const may = useMay('developer');
  const toasts = useToasts();
  const remove = useUserChange(
    (factor: UserFactor) => room('auth', `/admin/users/${user.id}/factors/${factor.id}`, { method: 'DELETE' }),
    () => toasts.done('The second factor is gone'),
  );
  return (
    <div className={styles.part}>
      <h3>Second factors</h3>
      {user.factors.length === 0 && <p className={styles.none}>None.</p>}
      {user.factors.map((factor) => (
        <div key={factor.id} className={styles.item}>
          <div>
            {factor.name ?? factor.type}{' '}
            <Badge kind={factor.status === 'verified' ? 'good' : 'wait'}>{factor.status}</Badge>
            <br />
            <small>
              {factor.type}, since {timeText(factor.createdAt)}
            </small>
          </div>
          {may && (
            <IconButton
              small
              icon="trash"
              label={`Remove the factor ${factor.name ?? factor.type}`}
              disabled={remove.isPending}
              onClick={() => remove.mutate(factor, { onError: toasts.failed })}
            />
          )}
        </div>
      ))}
    </div>
  );
}

function Sessions({ user }: { readonly user: WholeUser }) {
  const may = useMay('developer');
  const toasts = useToasts();
  const end = useUserChange(
    (session: UserSession | undefined) => runSql(endSessions(user.id, session?.id)),
    (session) => toasts.done(session ? 'The session has ended' : 'All sessions have ended'),
  );
  return (
    <div className={styles.part}>
      <div className={styles.head}>
        <h3>Sessions</h3>
        {may && user.sessions.length > 1 && (
          <Button small disabled={end.isPending} onClick={() => end.mutate(undefined, { onError: toasts.failed })}>
            End all
          </Button>
        )}
      </div>
      {user.sessions.length === 0 && <p className={styles.none}>Not signed in anywhere.</p>}
      {user.sessions.map((session) => (
        <div key={session.id} className={styles.item}>
          <div>
            {session.address ?? 'unknown address'} <Badge>{session.aal ?? 'aal1'}</Badge>
            <br />
            <small>
              {session.agent ?? 'unknown program'}, since {timeText(session.createdAt)}
            </small>
          </div>
          {may && (
            <IconButton
              small
              icon="exit"
              label={`End the session of ${timeText(session.createdAt)}`}
              disabled={end.isPending}
              onClick={() => end.mutate(session, { onError: toasts.failed })}
            />
          )}
        </div>
      ))}
      {user.sessions.length > 0 && (
        <p className={styles.none}>Access tokens they already have stay good until they expire.</p>
      )}
    </div>
  );
}
