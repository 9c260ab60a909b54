import { type FormEvent, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import type { Channel } from './channel.ts';
import styles from './page.module.css';
import { objectOf } from './wish.ts';

/** Sends broadcasts, and says who one is. */
export function SendForm({ channel, presence }: { readonly channel: Channel; readonly presence: boolean }) {
  return (
    <>
      <Broadcast channel={channel} />
      {presence && <Presence channel={channel} />}
    </>
  );
}

function Broadcast({ channel }: { readonly channel: Channel }) {
  const [event, setEvent] = useState('message');
  const [text, setText] = useState('{ "text": "hello" }');
  const [problem, setProblem] = useState<string>();
  const submit = (submitted: FormEvent): void => {
    submitted.preventDefault();
    const parsed = objectOf(text);
    setProblem('problem' in parsed ? parsed.problem : undefined);
    if ('value' in parsed) channel.send('broadcast', { type: 'broadcast', event, payload: parsed.value });
  };
  return (
    <Card title="Send a broadcast">
      <form className={styles.form} onSubmit={submit}>
        <TextField
          label="Event of the broadcast"
          required
          value={event}
          onChange={(changed) => setEvent(changed.currentTarget.value)}
        />
        <TextArea
          label="Payload (JSON)"
          rows={3}
          value={text}
          problem={problem}
          onChange={(changed) => setText(changed.currentTarget.value)}
        />
        <div className={styles.actions}>
          <Button type="submit" icon="upload">
            Send
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Presence({ channel }: { readonly channel: Channel }) {
  const [text, setText] = useState('{ "name": "the dashboard" }');
  const [problem, setProblem] = useState<string>();
  const keys = Object.entries(channel.present);
  const track = (submitted: FormEvent): void => {
    submitted.preventDefault();
    const parsed = objectOf(text);
    setProblem('problem' in parsed ? parsed.problem : undefined);
    if ('value' in parsed) channel.send('presence', { type: 'presence', event: 'track', payload: parsed.value });
  };
  return (
    <Card title="Presence" about={keys.length === 0 ? 'Nobody is here.' : `${keys.length} here`}>
      {keys.length > 0 && (
        <ul className={styles.present} aria-label="Who is here">
          {keys.map(([key, metas]) => (
            <li key={key}>
              <code>{key}</code>
              <span>{metas.map(({ phx_ref: _, phx_ref_prev: __, ...rest }) => JSON.stringify(rest)).join(' ')}</span>
            </li>
          ))}
        </ul>
      )}
      <form className={styles.form} onSubmit={track}>
        <TextArea
          label="What to tell of oneself (JSON)"
          rows={2}
          value={text}
          problem={problem}
          onChange={(changed) => setText(changed.currentTarget.value)}
        />
        <div className={styles.actions}>
          <Button type="submit">Track</Button>
          <Button onClick={() => channel.send('presence', { type: 'presence', event: 'untrack' })}>Untrack</Button>
        </div>
      </form>
    </Card>
  );
}
