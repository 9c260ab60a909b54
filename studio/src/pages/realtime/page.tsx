import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useProject } from '../../data/project.ts';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { EmptyState, ErrorBox } from '../../design/states.tsx';
import { type ChannelState, useChannel } from './channel.ts';
import { FrameLog } from './frame-log.tsx';
import styles from './page.module.css';
import { SendForm } from './send-form.tsx';
import { addressOf, joinPayload, readWish } from './wish.ts';
import { WishForm } from './wish-form.tsx';

const phases: Readonly<Record<ChannelState['phase'], readonly ['plain' | 'wait' | 'good' | 'bad', string]>> = {
  idle: ['plain', 'Not joined'],
  connecting: ['wait', 'Joining…'],
  joined: ['good', 'Joined'],
  refused: ['bad', 'Refused'],
  lost: ['bad', 'Closed'],
};

/** A channel to try things at: `/realtime?topic=…&private=on&as=…&table=…`. */
export function Page() {
  const may = useMay('developer');
  return may ? (
    <Inspector />
  ) : (
    <PageLayout title="Realtime" about="Channels: broadcasts, presence and database changes.">
      <EmptyState icon="lock" title="Your role opens no channels">
        Sockets are opened with the server’s key. Ask an owner for the role developer.
      </EmptyState>
    </PageLayout>
  );
}

function Inspector() {
  const [, go] = useLocation();
  const wish = readWish(new URLSearchParams(useSearch()));
  const [token, setToken] = useState('');
  // What it was joined with, which the form may no longer say.
  const [joined, setJoined] = useState(wish);
  const project = useProject();
  const channel = useChannel();
  const [kind, text] = phases[channel.phase];
  const join = (): void => {
    setJoined(wish);
    const tokens = { server: undefined, anon: project.data?.anonKey, token };
    channel.join(wish.topic, joinPayload(wish, tokens[wish.identity]));
  };
  return (
    <PageLayout
      title="Realtime"
      about="A channel to try things at: broadcasts, presence and database changes, message by message."
      actions={
        <span role="status" aria-live="polite">
          <Badge kind={kind} dot>
            {channel.phase === 'joined' ? `Joined ${joined.topic}` : text}
          </Badge>
        </span>
      }
    >
      {channel.reason && <ErrorBox error={channel.reason} />}
      <div className={styles.columns}>
        <div className={styles.column}>
          <WishForm
            wish={wish}
            token={token}
            isJoined={channel.phase === 'joined'}
            onChange={(next) => go(addressOf(next), { replace: true })}
            onToken={setToken}
            onJoin={join}
            onLeave={channel.leave}
          />
          {channel.phase === 'joined' && <SendForm channel={channel} presence={joined.presence} />}
        </div>
        <FrameLog channel={channel} />
      </div>
    </PageLayout>
  );
}
