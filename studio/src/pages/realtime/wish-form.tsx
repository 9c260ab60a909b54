import type { FormEvent } from 'react';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { Checkbox, SelectField, TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { ErrorBox } from '../../design/states.tsx';
import { usePublished } from './data.ts';
import styles from './page.module.css';
import type { Identity, Wish } from './wish.ts';

const identityNames: Readonly<Record<Identity, string>> = {
  server: 'The server (service_role)',
  anon: 'Nobody in particular (anon)',
  token: 'A user, by token',
};

/** What to join, and as whom. */
export function WishForm({
  wish,
  token,
  isJoined,
  onChange,
  onToken,
  onJoin,
  onLeave,
}: {
  readonly wish: Wish;
  readonly token: string;
  readonly isJoined: boolean;
  readonly onChange: (wish: Wish) => void;
  readonly onToken: (token: string) => void;
  readonly onJoin: () => void;
  readonly onLeave: () => void;
}) {
  const set = (next: Partial<Wish>) => onChange({ ...wish, ...next });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onJoin();
  };
  return (
    <Card title="Channel">
      <form className={styles.form} onSubmit={submit}>
        <TextField
          label="Topic"
          required
          maxLength={200}
          autoComplete="off"
          value={wish.topic}
          onChange={(event) => set({ topic: event.currentTarget.value })}
        />
        <div className={styles.checks}>
          <Checkbox
            label="Private"
            checked={wish.isPrivate}
            onChange={(event) => set({ isPrivate: event.currentTarget.checked })}
          />
          <Checkbox
            label="Own broadcasts come back"
            checked={wish.self}
            onChange={(event) => set({ self: event.currentTarget.checked })}
          />
          <Checkbox
            label="Presence"
            checked={wish.presence}
            onChange={(event) => set({ presence: event.currentTarget.checked })}
          />
        </div>
        <SelectField
          label="Join as"
          value={wish.identity}
          hint={wish.isPrivate ? 'Private channels ask the policies on realtime.messages.' : undefined}
          onChange={(event) => set({ identity: event.currentTarget.value as Identity })}
        >
          {(Object.keys(identityNames) as Identity[]).map((each) => (
            <option key={each} value={each}>
              {identityNames[each]}
            </option>
          ))}
        </SelectField>
        {wish.identity === 'token' && (
          <TextArea
            label="Access token of the user"
            required
            rows={3}
            autoComplete="off"
            value={token}
            onChange={(event) => onToken(event.currentTarget.value.trim())}
          />
        )}
        <Changes wish={wish} onChange={set} />
        <div className={styles.actions}>
          <Button kind={isJoined ? 'secondary' : 'primary'} type="submit" icon={isJoined ? 'refresh' : 'play'}>
            {isJoined ? 'Join anew' : 'Join'}
          </Button>
          {isJoined && (
            <Button icon="stop" onClick={onLeave}>
              Leave
            </Button>
          )}
        </div>
      </form>
    </Card>
  );
}

function Changes({ wish, onChange }: { readonly wish: Wish; readonly onChange: (next: Partial<Wish>) => void }) {
  const published = usePublished();
  const tables = published.data ?? [];
  const isKnown = wish.table === '' || wish.table === '*' || tables.includes(wish.table);
  return (
    <>
      <SelectField
        label="Database changes"
        value={wish.table}
        onChange={(event) => onChange({ table: event.currentTarget.value })}
      >
        <option value="">None</option>
        <option value="*">All published tables</option>
        {tables.map((name) => (
          <option key={name}>{name}</option>
        ))}
        {!isKnown && <option value={wish.table}>{`${wish.table} (not published)`}</option>}
      </SelectField>
      {published.error && <ErrorBox error={published.error} retry={() => void published.refetch()} />}
      {published.data?.length === 0 && (
        <div className={styles.note}>
          <p>No table tells of its changes yet. One does after this:</p>
          <CodeBlock label="SQL" code="alter publication supabase_realtime add table public.todos;" />
        </div>
      )}
      {wish.table !== '' && (
        <div className={styles.pair}>
          <SelectField
            label="Event"
            value={wish.event}
            onChange={(event) => onChange({ event: event.currentTarget.value as Wish['event'] })}
          >
            <option value="*">All</option>
            <option>INSERT</option>
            <option>UPDATE</option>
            <option>DELETE</option>
          </SelectField>
          <TextField
            label="Filter"
            placeholder="id=eq.1"
            disabled={wish.table === '*'}
            value={wish.filter}
            onChange={(event) => onChange({ filter: event.currentTarget.value })}
          />
        </div>
      )}
    </>
  );
}
