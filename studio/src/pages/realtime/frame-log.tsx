import { useState } from 'react';
import { Button } from '../../design/button.tsx';
import { classes } from '../../design/classes.ts';
import { CodeBlock } from '../../design/code-block.tsx';
import { Select } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState } from '../../design/states.tsx';
import type { Channel, Logged } from './channel.ts';
import { type FrameKind, frameKinds, kindOf } from './frames.ts';
import styles from './page.module.css';

const kindNames: Readonly<Record<FrameKind, string>> = {
  broadcast: 'Broadcasts',
  presence: 'Presence',
  changes: 'Database changes',
  system: 'System',
  protocol: 'Protocol',
};

const isHeartbeat = ({ frame: { topic } }: Logged): boolean => topic === 'phoenix';

/** Everything that went and came, the newest first. */
export function FrameLog({ channel }: { readonly channel: Channel }) {
  const [kind, setKind] = useState<FrameKind | ''>('');
  const [paused, setPaused] = useState<readonly Logged[]>();
  const shown = (paused ?? channel.log).filter((logged) =>
    kind === '' ? !isHeartbeat(logged) : kindOf(logged.frame) === kind,
  );
  return (
    <Card
      title="Messages"
      flush
      actions={
        <>
          <div className={styles.kind}>
            <Select
              aria-label="Kind of messages"
              value={kind}
              onChange={(event) => setKind(event.currentTarget.value as FrameKind | '')}
            >
              <option value="">All but heartbeats</option>
              {frameKinds.map((each) => (
                <option key={each} value={each}>
                  {kindNames[each]}
                </option>
              ))}
            </Select>
          </div>
          <Button small icon={paused ? 'play' : 'stop'} onClick={() => setPaused(paused ? undefined : channel.log)}>
            {paused ? 'Go on' : 'Pause'}
          </Button>
          <Button small icon="trash" onClick={channel.clear}>
            Clear
          </Button>
        </>
      }
    >
      {shown.length === 0 ? (
        <EmptyState icon="radio" title="No messages yet">
          Join a channel; what is sent and received is shown here, message by message.
        </EmptyState>
      ) : (
        <ol className={styles.frames} aria-label="Messages">
          {shown.map((logged) => (
            <Message key={logged.number} logged={logged} />
          ))}
        </ol>
      )}
    </Card>
  );
}

function Message({ logged }: { readonly logged: Logged }) {
  const { at, isSent, frame } = logged;
  const [open, setOpen] = useState(false);
  const payload = JSON.stringify(frame.payload);
  return (
    <li>
      <button type="button" aria-expanded={open} className={styles.frame} onClick={() => setOpen(!open)}>
        <span className={classes(styles.way, isSent && styles.sent)}>
          <Icon name={isSent ? 'arrow-up' : 'arrow-down'} size={14} />
          <span className="visually-hidden">{isSent ? 'sent' : 'received'}</span>
        </span>
        <time dateTime={new Date(at).toISOString()}>
          {new Date(at).toLocaleTimeString(undefined, { hour12: false })}
        </time>
        <b>{titleOf(logged)}</b>
        <span className={styles.payload}>{payload}</span>
      </button>
      {open && (
        <div className={styles.whole}>
          <CodeBlock label="message" code={JSON.stringify(frame, null, 2)} />
        </div>
      )}
    </li>
  );
}

// The event somebody named says more than that it is a broadcast.
function titleOf({ frame: { event, payload } }: Logged): string {
  if (event !== 'broadcast' && event !== 'presence') return event;
  const named = (payload as { event?: unknown } | null)?.event;
  return typeof named === 'string' ? `${event} ${named}` : event;
}
