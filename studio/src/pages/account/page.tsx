import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { studio } from '../../data/client.ts';
import { useSession } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { TextField } from '../../design/field.tsx';
import { Card, PageLayout } from '../../design/layout.tsx';
import { ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { Passkeys } from './passkeys.tsx';
import { SecondFactor } from './second-factor.tsx';

/** The operator's own account. */
export function Page() {
  const session = useSession();
  return (
    <PageLayout title="Account" about={`${session.name}, ${session.role}`}>
      {session.sessionId === null ? (
        <Note>
          You came with the credentials of the settings and without a session. Sign in on the page instead to change
          anything here.
        </Note>
      ) : (
        <>
          <SecondFactor />
          <Passkeys />
          <Password />
          <Sessions />
        </>
      )}
    </PageLayout>
  );
}

function Password() {
  const { fromSettings } = useSession();
  const toasts = useToasts();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  if (fromSettings)
    return (
      <Card title="Password">
        <Note>
          This account is DASHBOARD_USERNAME. Its password is DASHBOARD_PASSWORD: change it in .env and start again.
        </Note>
      </Card>
    );
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    try {
      await studio('/password', { method: 'PUT', body: { current, password } });
      setCurrent('');
      setPassword('');
      setError(undefined);
      toasts.done('The password is changed; your other sessions ended');
    } catch (failure) {
      setError(failure);
    }
  }
  return (
    <Card title="Password" about="Changing it ends your other sessions.">
      <form onSubmit={submit} style={{ display: 'grid', gap: 'var(--s4)', maxWidth: '24rem' }}>
        <TextField
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          hint="At least 12 characters."
          minLength={12}
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {error !== undefined && <ErrorBox error={error} />}
        <div>
          <Button type="submit">Change the password</Button>
        </div>
      </form>
    </Card>
  );
}

interface ShownSession {
  readonly id: string;
  readonly address: string;
  readonly agent: string;
  readonly seenAt: string;
}

function Sessions() {
  const { sessionId } = useSession();
  const client = useQueryClient();
  const toasts = useToasts();
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: () => studio<ShownSession[]>('/sessions') });
  const end = (id: string) =>
    studio(`/sessions/${id}`, { method: 'DELETE' })
      .then(() => client.invalidateQueries({ queryKey: ['sessions'] }))
      .catch(toasts.failed);
  return (
    <Card title="Sessions" about="Browsers that are signed in as you." flush>
      {sessions.error ? (
        <ErrorBox error={sessions.error} retry={() => void sessions.refetch()} />
      ) : !sessions.data ? (
        <Skeleton />
      ) : (
        <DataTable
          label="Sessions"
          rows={sessions.data}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Browser', render: ({ agent }) => describeAgent(agent) },
            { title: 'Address', render: ({ address }) => address },
            { title: 'Last used', render: ({ seenAt }) => new Date(seenAt).toLocaleString() },
            {
              title: 'Actions',
              quiet: true,
              render: ({ id }) =>
                id === sessionId ? (
                  <Badge kind="good">this one</Badge>
                ) : (
                  <Button small onClick={() => void end(id)}>
                    End
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Card>
  );
}

// Good enough to tell one's own browsers apart.
function describeAgent(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\/[\d.]+/.exec(agent)?.[1];
  const system = /(Windows|Mac OS X|Android|iPhone|Linux)/.exec(agent)?.[1];
  return [browser?.replace('Edg', 'Edge').replace('OPR', 'Opera') ?? agent.slice(0, 40), system]
    .filter(Boolean)
    .join(', ');
}
