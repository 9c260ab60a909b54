import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { encode } from 'uqr';
import { studio } from '../../data/client.ts';
import { sessionKey, useSession } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { CopyValue } from '../../design/code-block.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { ErrorBox } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';

interface Offered {
  readonly secret: string;
  readonly uri: string;
}

/** An authenticator app for the own account. */
export function SecondFactor() {
  const { secondFactor } = useSession();
  const toasts = useToasts();
  const [offered, setOffered] = useState<Offered>();
  const [removing, setRemoving] = useState(false);
  return (
    <Card
      title="Second factor"
      about="Besides the password, a code that an authenticator app shows for half a minute."
      actions={secondFactor ? <Badge kind="good">on</Badge> : <Badge>off</Badge>}
    >
      <div>
        {secondFactor ? (
          <Button onClick={() => setRemoving(true)}>Turn it off</Button>
        ) : (
          <Button
            icon="shield"
            onClick={() => studio<Offered>('/second-factor', { method: 'POST' }).then(setOffered, toasts.failed)}
          >
            Set it up
          </Button>
        )}
      </div>
      {offered && <SetUp offered={offered} onClose={() => setOffered(undefined)} />}
      {removing && <TurnOff onClose={() => setRemoving(false)} />}
    </Card>
  );
}

function useDone(onClose: () => void, text: string): () => Promise<void> {
  const client = useQueryClient();
  const toasts = useToasts();
  return async () => {
    await client.invalidateQueries({ queryKey: sessionKey });
    toasts.done(text);
    onClose();
  };
}

function SetUp({ offered, onClose }: { readonly offered: Offered; readonly onClose: () => void }) {
  const [code, setCode] = useState('');
  const [error, setError] = useState<unknown>();
  const done = useDone(onClose, 'From now on signing in asks for a code');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { secret: offered.secret, code: code.replaceAll(' ', '') };
    studio('/second-factor', { method: 'PUT', body }).then(done, setError);
  };
  return (
    <Dialog
      title="Set up the second factor"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="second-factor">
            Turn it on
          </Button>
        </>
      }
    >
      <p>Scan this with an authenticator app, or type the key into it.</p>
      <QrCode text={offered.uri} />
      <CopyValue value={offered.secret} label="key" />
      <form id="second-factor" onSubmit={submit}>
        <CodeField value={code} onChange={setCode} />
      </form>
      {error !== undefined && <ErrorBox error={error} />}
    </Dialog>
  );
}

function TurnOff({ onClose }: { readonly onClose: () => void }) {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [error, setError] = useState<unknown>();
  const done = useDone(onClose, 'The second factor is off');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    studio('/second-factor', { method: 'DELETE', body: { password, code } }).then(done, setError);
  };
  return (
    <Dialog
      title="Turn the second factor off"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" type="submit" form="second-factor-off">
            Turn it off
          </Button>
        </>
      }
    >
      <form id="second-factor-off" onSubmit={submit} style={{ display: 'grid', gap: 'var(--s4)' }}>
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <CodeField value={code} onChange={setCode} />
      </form>
      {error !== undefined && <ErrorBox error={error} />}
    </Dialog>
  );
}

function CodeField({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  return (
    <TextField
      label="Code that the app shows"
      inputMode="numeric"
      autoComplete="one-time-code"
      required
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

// Always dark on light, with the quiet zone that readers need.
function QrCode({ text }: { readonly text: string }) {
  const { data, size } = encode(text, { border: 4 });
  const path = data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg
      width={200}
      height={200}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code of the key"
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
