import { useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useChange, useRows } from './data.ts';
import { SqlForm } from './form.tsx';
import styles from './integrations.module.css';
import { ConfirmChange, WithExtension } from './parts.tsx';
import { queues } from './sql.ts';

interface Queue {
  readonly name: string;
  readonly length: number;
  readonly total: number;
  /** Seconds. */
  readonly oldest: number | null;
}

/** Message queues. */
export function Queues() {
  return (
    <WithExtension name="pgmq" icon="list" about="Message queues in the database, used by SQL or through the API.">
      <All />
    </WithExtension>
  );
}

function All() {
  const all = useRows<Queue>(queues.list, true, 5_000);
  const may = useMay('developer');
  const [adding, setAdding] = useState(false);
  const [open, setOpen] = useState<Queue>();
  const [removing, setRemoving] = useState<Queue>();
  if (all.error) return <ErrorBox error={all.error} retry={() => void all.refetch()} />;
  if (!all.data) return <Skeleton lines={5} />;
  const add = may && (
    <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
      Add a queue
    </Button>
  );
  return (
    <>
      {all.data.length === 0 ? (
        <EmptyState icon="list" title="No queues yet" actions={add}>
          <code>select pgmq.send('emails', '…')</code> puts a message into one, <code>pgmq.read</code> takes it for a
          while.
        </EmptyState>
      ) : (
        <Card title="Queues" actions={add} flush>
          <DataTable
            label="Queues"
            rows={all.data}
            keyOf={({ name }) => name}
            columns={[
              { title: 'Queue', render: ({ name }) => <code>{name}</code> },
              { title: 'Waiting', render: ({ length }) => length.toLocaleString() },
              { title: 'In all', render: ({ total }) => total.toLocaleString() },
              { title: 'Oldest', render: ({ oldest }) => (oldest === null ? '–' : `${oldest} s`) },
              {
                title: 'Actions',
                quiet: true,
                render: (queue) => (
                  <div className={styles.actions}>
                    <Button small onClick={() => setOpen(queue)}>
                      Messages
                    </Button>
                    {may && (
                      <Button small onClick={() => setRemoving(queue)}>
                        Remove
                      </Button>
                    )}
                  </div>
                ),
              },
            ]}
          />
        </Card>
      )}
      {adding && <AddQueue onClose={() => setAdding(false)} />}
      {open && <Messages queue={open.name} onClose={() => setOpen(undefined)} />}
      {removing && (
        <ConfirmChange
          title={`Remove ${removing.name}?`}
          action="Remove"
          sql={queues.drop(removing.name)}
          onClose={() => setRemoving(undefined)}
        >
          <p>
            Its {removing.length.toLocaleString()} waiting messages and its archive go with it. That cannot be undone.
          </p>
        </ConfirmChange>
      )}
    </>
  );
}

function AddQueue({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState('');
  return (
    <SqlForm
      title="Add a queue"
      action="Add"
      done="The queue is there"
      sql={() => queues.create(name)}
      onClose={onClose}
    >
      <TextField
        label="Name"
        hint="Small letters, digits and underscores."
        pattern="[a-z][a-z0-9_]*"
        maxLength={47}
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </SqlForm>
  );
}

interface Message {
  readonly id: string;
  readonly reads: number;
  readonly sentAt: string;
  readonly hidden: boolean;
  readonly message: string;
}

function Messages({ queue, onClose }: { readonly queue: string; readonly onClose: () => void }) {
  const messages = useRows<Message>(queues.peek(queue), true, 3_000);
  const may = useMay('developer');
  const change = useChange();
  const [sending, setSending] = useState(false);
  return (
    <Sheet
      title={`Messages of ${queue}`}
      onClose={onClose}
      actions={may && <Button onClick={() => setSending(true)}>Send one</Button>}
    >
      {messages.error ? (
        <ErrorBox error={messages.error} />
      ) : !messages.data ? (
        <Skeleton />
      ) : messages.data.length === 0 ? (
        <p>None waits.</p>
      ) : (
        <DataTable
          label="Messages"
          rows={messages.data}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Id', render: ({ id }) => id },
            { title: 'Sent', render: ({ sentAt }) => new Date(sentAt).toLocaleString() },
            {
              title: 'Read',
              render: ({ reads, hidden }) => (hidden ? <Badge kind="wait">being worked on</Badge> : `${reads} times`),
            },
            { title: 'Message', render: ({ message }) => <code className={styles.code}>{message}</code> },
            {
              title: 'Actions',
              quiet: true,
              render: ({ id }) =>
                may && (
                  <Button small onClick={() => change.mutate(queues.archive(queue, id))}>
                    Archive
                  </Button>
                ),
            },
          ]}
        />
      )}
      {change.error && <ErrorBox error={change.error} />}
      {sending && <Send queue={queue} onClose={() => setSending(false)} />}
    </Sheet>
  );
}

function Send({ queue, onClose }: { readonly queue: string; readonly onClose: () => void }) {
  const [message, setMessage] = useState('{}');
  return (
    <SqlForm
      title="Send a message"
      action="Send"
      done="The message waits"
      sql={() => queues.send(queue, message)}
      onClose={onClose}
    >
      <TextArea
        label="Message"
        hint="JSON."
        rows={6}
        required
        value={message}
        onChange={(event) => setMessage(event.currentTarget.value)}
      />
    </SqlForm>
  );
}
