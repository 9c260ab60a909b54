import { useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Checkbox, SelectField, TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useRows } from './data.ts';
import { SqlForm } from './form.tsx';
import styles from './integrations.module.css';
import { ConfirmChange, WithExtension } from './parts.tsx';
import { knownEvents, webhooks } from './sql.ts';

interface Webhook {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly events: readonly string[];
  readonly url: string | null;
  readonly method: string | null;
}

/** Requests that changes of rows make. */
export function Webhooks() {
  return (
    <WithExtension name="pg_net" icon="zap" about="Sends the requests of webhooks after the commit.">
      <All />
    </WithExtension>
  );
}

function All() {
  const all = useRows<Webhook>(webhooks.list);
  const may = useMay('developer');
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Webhook>();
  if (all.error) return <ErrorBox error={all.error} retry={() => void all.refetch()} />;
  if (!all.data) return <Skeleton lines={5} />;
  const add = may && (
    <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
      Add a webhook
    </Button>
  );
  return (
    <>
      {all.data.length === 0 ? (
        <EmptyState icon="zap" title="No webhooks yet" actions={add}>
          A webhook tells a URL of rows that were inserted, updated or deleted. <code>nats://subject</code> is a URL
          too.
        </EmptyState>
      ) : (
        <Card title="Webhooks" actions={add} flush>
          <DataTable
            label="Webhooks"
            rows={all.data}
            keyOf={({ schema, table, name }) => `${schema} ${table} ${name}`}
            columns={[
              { title: 'Webhook', render: ({ name }) => name },
              { title: 'Table', render: ({ schema, table }) => `${schema}.${table}` },
              { title: 'On', render: ({ events }) => events.join(', ') },
              {
                title: 'Asks',
                render: ({ method, url }) => (
                  <code className={styles.code}>
                    {method} {url}
                  </code>
                ),
              },
              {
                title: 'Actions',
                quiet: true,
                render: (hook) =>
                  may && (
                    <Button small onClick={() => setRemoving(hook)}>
                      Remove
                    </Button>
                  ),
              },
            ]}
          />
        </Card>
      )}
      {adding && <AddWebhook onClose={() => setAdding(false)} />}
      {removing && (
        <ConfirmChange
          title={`Remove ${removing.name}?`}
          action="Remove"
          sql={webhooks.drop(removing.schema, removing.table, removing.name)}
          onClose={() => setRemoving(undefined)}
        >
          <p>Changes of {`${removing.schema}.${removing.table}`} are told to nobody by it any more.</p>
        </ConfirmChange>
      )}
    </>
  );
}

function AddWebhook({ onClose }: { readonly onClose: () => void }) {
  const tables = useRows<{ readonly schema: string; readonly table: string }>(webhooks.tables);
  const [hook, setHook] = useState({
    name: '',
    table: '',
    events: ['insert'] as readonly string[],
    method: 'POST',
    url: '',
    headers: '{"content-type":"application/json"}',
    timeout: '5000',
  });
  const change = (key: keyof typeof hook) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setHook({ ...hook, [key]: event.currentTarget.value });
  const toggle = (event: string, on: boolean) =>
    setHook({ ...hook, events: knownEvents.filter((each) => (each === event ? on : hook.events.includes(each))) });
  const chosen = tables.data?.[Number(hook.table)];
  return (
    <SqlForm
      title="Add a webhook"
      action="Add"
      done="The webhook is there"
      sql={() => webhooks.create({ ...hook, schema: chosen?.schema ?? '', table: chosen?.table ?? '' })}
      onClose={onClose}
    >
      <TextField label="Name" required value={hook.name} onChange={change('name')} />
      <SelectField label="Table" required value={hook.table} onChange={change('table')}>
        <option value="">Choose…</option>
        {tables.data?.map(({ schema, table }, index) => (
          <option key={`${schema}.${table}`} value={index}>
            {`${schema}.${table}`}
          </option>
        ))}
      </SelectField>
      <fieldset className={styles.events}>
        <legend>When a row is</legend>
        {knownEvents.map((event) => (
          <Checkbox
            key={event}
            label={`${event}${event.endsWith('e') ? 'd' : 'ed'}`}
            checked={hook.events.includes(event)}
            onChange={(change_) => toggle(event, change_.currentTarget.checked)}
          />
        ))}
      </fieldset>
      <SelectField label="Method" value={hook.method} onChange={change('method')}>
        <option>POST</option>
        <option>GET</option>
      </SelectField>
      <TextField
        label="URL"
        hint="http://kong:8000/functions/v1/… is a function of this project."
        required
        value={hook.url}
        onChange={change('url')}
      />
      <TextArea label="Headers" hint="A JSON object." rows={2} value={hook.headers} onChange={change('headers')} />
      <TextField
        label="Waits at most, in milliseconds"
        inputMode="numeric"
        pattern="\d+"
        required
        value={hook.timeout}
        onChange={change('timeout')}
      />
    </SqlForm>
  );
}
