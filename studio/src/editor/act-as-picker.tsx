import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { runSql } from '../data/sql.ts';
import { Button } from '../design/button.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Input, Select } from '../design/field.tsx';
import { ErrorBox, Skeleton } from '../design/states.tsx';
import type { ActAs } from '../sql/act-as.ts';
import { quoteText } from '../sql/quote.ts';
import styles from './editor.module.css';

interface Person {
  readonly id: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly app: Readonly<Record<string, unknown>> | null;
  readonly own: Readonly<Record<string, unknown>> | null;
}

const findPeople = (
  text: string,
): string => `select id::text, email, phone, raw_app_meta_data as app, raw_user_meta_data as own
from auth.users where deleted_at is null${
  text === ''
    ? ''
    : ` and (id::text = ${quoteText(text.toLowerCase())} or email ilike ${quoteText(`%${text.replace(/[\\%_]/g, '\\$&')}%`)} or phone like ${quoteText(`%${text.replace(/[\\%_]/g, '\\$&')}%`)})`
} order by created_at desc limit 20`;

/** Chooses as whom SQL runs. @param undefinedLabel what the operator's own rights are called; without it they are no choice */
export function ActAsPicker({
  value,
  onChange,
  undefinedLabel,
}: {
  readonly value: ActAs | undefined;
  readonly onChange: (as: ActAs | undefined) => void;
  readonly undefinedLabel?: string;
}) {
  const [choosing, setChoosing] = useState(false);
  return (
    <>
      <Select
        aria-label="Run as"
        className={styles.role}
        value={value?.kind ?? 'own'}
        onChange={({ currentTarget }) => {
          if (currentTarget.value === 'user') setChoosing(true);
          else
            onChange(currentTarget.value === 'own' ? undefined : { kind: currentTarget.value as 'anon' | 'service' });
        }}
      >
        {undefinedLabel !== undefined && <option value="own">{undefinedLabel}</option>}
        <option value="anon">anon: not signed in</option>
        <option value="user">{value?.kind === 'user' ? `user: ${value.email || value.id}` : 'a user…'}</option>
        <option value="service">service_role: passes RLS by</option>
      </Select>
      {value?.kind === 'user' && (
        <Button small kind="quiet" onClick={() => setChoosing(true)}>
          Another user
        </Button>
      )}
      {choosing && (
        <PersonDialog
          onChoose={(as) => {
            onChange(as);
            setChoosing(false);
          }}
          onClose={() => setChoosing(false)}
        />
      )}
    </>
  );
}

function PersonDialog({ onChoose, onClose }: { readonly onChoose: (as: ActAs) => void; readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const people = useQuery({
    queryKey: ['people', text],
    queryFn: ({ signal }) => runSql<Person>(findPeople(text.trim()), signal),
  });
  return (
    <Dialog title="Run as a user" onClose={onClose}>
      <Input
        type="search"
        aria-label="Search users"
        placeholder="E-mail, phone or id"
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      {people.error ? (
        <ErrorBox error={people.error} retry={() => void people.refetch()} />
      ) : !people.data ? (
        <Skeleton lines={4} />
      ) : people.data.length === 0 ? (
        <p>{text === '' ? 'Nobody has signed up yet.' : 'Nobody is found by that.'}</p>
      ) : (
        <ul className={styles.people}>
          {people.data.map(({ id, email, phone, app, own }) => (
            <li key={id}>
              <Button
                kind="quiet"
                icon="user"
                onClick={() =>
                  onChoose({
                    kind: 'user',
                    id,
                    email: email ?? '',
                    claims: {
                      ...(phone && { phone }),
                      app_metadata: app ?? {},
                      user_metadata: own ?? {},
                      is_anonymous: !email && !phone,
                    },
                  })
                }
              >
                {email ?? phone ?? id}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
