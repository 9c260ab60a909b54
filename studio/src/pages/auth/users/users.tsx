import { useDeferredValue, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useProject } from '../../../data/project.ts';
import { useMay } from '../../../data/session.ts';
import { Button } from '../../../design/button.tsx';
import { CodeBlock } from '../../../design/code-block.tsx';
import { DataTable } from '../../../design/data-table.tsx';
import { Input, Select } from '../../../design/field.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../../design/states.tsx';
import { type ListedUser, type UserState, userStates } from '../../../sql/users.ts';
import { AddUser } from './add-user.tsx';
import { countBound, useUserCount, useUsers } from './data.ts';
import { timeText } from './times.ts';
import { UserSheet } from './user-sheet.tsx';
import { UserStateBadge } from './user-state.tsx';
import styles from './users.module.css';

const stateNames: Readonly<Record<UserState, string>> = {
  all: 'All users',
  confirmed: 'Confirmed',
  waiting: 'Not confirmed',
  banned: 'Banned',
  anonymous: 'Anonymous',
};

/** Users to look through, and one of them opened: `/auth/users/<id>?search=…&state=…`. */
export function Users() {
  const [path, go] = useLocation();
  const address = new URLSearchParams(useSearch());
  const search = address.get('search') ?? '';
  const state = userStates.find((each) => each === address.get('state')) ?? 'all';
  const id = path.split('/')[3];
  const may = useMay('developer');
  const [adding, setAdding] = useState<'user' | 'invitation'>();
  const query = { search: useDeferredValue(search), state };
  const users = useUsers(query);
  const count = useUserCount(query);

  const at = (next: { readonly search: string; readonly state: UserState }, user?: string): string => {
    const parameters = new URLSearchParams();
    if (next.search !== '') parameters.set('search', next.search);
    if (next.state !== 'all') parameters.set('state', next.state);
    const text = parameters.toString();
    return `/auth/users${user === undefined ? '' : `/${user}`}${text === '' ? '' : `?${text}`}`;
  };
  const rows = users.data?.pages.flat() ?? [];
  return (
    <>
      <div className={styles.bar}>
        <div className={styles.search}>
          <Input
            type="search"
            aria-label="Search users"
            placeholder="Address, phone number, name or id…"
            value={search}
            onChange={(event) => go(at({ search: event.currentTarget.value, state }), { replace: true })}
          />
        </div>
        <div className={styles.state}>
          <Select
            aria-label="Which users"
            value={state}
            onChange={(event) => go(at({ search, state: event.currentTarget.value as UserState }))}
          >
            {userStates.map((each) => (
              <option key={each} value={each}>
                {stateNames[each]}
              </option>
            ))}
          </Select>
        </div>
        {may && (
          <>
            <Button icon="mail" onClick={() => setAdding('invitation')}>
              Invite
            </Button>
            <Button kind="primary" icon="plus" onClick={() => setAdding('user')}>
              Add a user
            </Button>
          </>
        )}
      </div>
      {users.error ? (
        <ErrorBox error={users.error} retry={() => void users.refetch()} />
      ) : !users.data ? (
        <Skeleton lines={8} />
      ) : rows.length === 0 ? (
        <NoUsers isNarrowed={search !== '' || state !== 'all'} />
      ) : (
        <UserTable rows={rows} addressOf={(user) => at({ search, state }, user.id)} />
      )}
      {rows.length > 0 && (
        <div className={styles.more}>
          {users.hasNextPage && (
            <Button disabled={users.isFetchingNextPage} onClick={() => void users.fetchNextPage()}>
              More
            </Button>
          )}
          <span>{countText(rows.length, count.data)}</span>
        </div>
      )}
      {adding && <AddUser kind={adding} onClose={() => setAdding(undefined)} />}
      {id !== undefined && <UserSheet key={id} id={id} onClose={() => go(at({ search, state }))} />}
    </>
  );
}

function countText(shown: number, count: number | undefined): string {
  if (count === undefined) return `${shown} shown`;
  const all = count >= countBound ? `more than ${(countBound - 1).toLocaleString()}` : count.toLocaleString();
  return shown === count ? `${all} ${count === 1 ? 'user' : 'users'}` : `${shown.toLocaleString()} of ${all} users`;
}

function UserTable({
  rows,
  addressOf,
}: {
  readonly rows: readonly ListedUser[];
  readonly addressOf: (user: ListedUser) => string;
}) {
  return (
    <DataTable
      label="Users"
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        {
          title: 'User',
          render: (user) => (
            <span className={styles.who}>
              <Link href={addressOf(user)}>{user.email ?? user.phone ?? (user.anonymous ? 'Anonymous' : user.id)}</Link>
              {user.name && <small>{user.name}</small>}
            </span>
          ),
        },
        {
          title: 'Signs in by',
          render: ({ providers, anonymous }) => providers.join(', ') || (anonymous ? 'nothing yet' : '–'),
        },
        { title: 'State', render: (user) => <UserStateBadge user={user} /> },
        { title: 'Since', render: ({ createdAt }) => <span className={styles.time}>{timeText(createdAt)}</span> },
        {
          title: 'Last sign-in',
          render: ({ lastSignInAt }) => <span className={styles.time}>{timeText(lastSignInAt)}</span>,
        },
      ]}
    />
  );
}

function NoUsers({ isNarrowed }: { readonly isNarrowed: boolean }) {
  const project = useProject();
  if (isNarrowed)
    return (
      <EmptyState icon="search" title="Nobody fits">
        Search for a part of an address, a phone number or a name, or for the beginning of an id.
      </EmptyState>
    );
  const key = project.data?.publishableKey ?? project.data?.anonKey ?? '';
  const code = `import { createClient } from '@supabase/supabase-js'

const supabase = createClient('${project.data?.url ?? ''}', '${key}')
await supabase.auth.signUp({ email: 'ann@example.com', password: 'a long password' })`;
  return (
    <>
      <EmptyState icon="users" title="There are no users yet">
        Add one here, invite somebody by mail, or let your application sign them up:
      </EmptyState>
      <CodeBlock code={code} label="Sign-up by supabase-js" />
    </>
  );
}
