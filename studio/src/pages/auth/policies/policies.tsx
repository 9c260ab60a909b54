import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useMay } from '../../../data/session.ts';
import { Badge } from '../../../design/badge.tsx';
import { Button } from '../../../design/button.tsx';
import { Confirm } from '../../../design/dialog.tsx';
import { SelectField } from '../../../design/field.tsx';
import { Card } from '../../../design/layout.tsx';
import { EmptyState, ErrorBox, Note, Skeleton } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import { useGuardedTables, usePolicies, usePolicyChange } from '../../../policies/data.ts';
import styles from '../../../policies/policies.module.css';
import { PolicyForm } from '../../../policies/policy-form.tsx';
import { PolicyList } from '../../../policies/policy-list.tsx';
import { type GuardedTable, type Policy, setRowSecurity } from '../../../sql/policies.ts';
import { Simulator } from './simulator.tsx';

/** Who may do what with which rows: `/auth/policies?schema=…`. */
export function Policies() {
  const [, go] = useLocation();
  const schema = new URLSearchParams(useSearch()).get('schema') ?? 'public';
  const tables = useGuardedTables();
  const policies = usePolicies();
  const error = tables.error ?? policies.error;
  if (error) return <ErrorBox error={error} retry={() => void tables.refetch().then(() => policies.refetch())} />;
  if (!tables.data || !policies.data) return <Skeleton lines={8} />;
  const shown = tables.data.filter((table) => table.schema === schema);
  const schemas = [...new Set(['public', ...tables.data.map((table) => table.schema)])];
  return (
    <div className={styles.list}>
      <div className={styles.row} style={{ maxWidth: '16rem' }}>
        <SelectField
          label="Schema"
          value={schema}
          onChange={(event) => go(`/auth/policies?schema=${encodeURIComponent(event.currentTarget.value)}`)}
        >
          {schemas.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
      </div>
      {shown.length === 0 ? (
        <EmptyState icon="table" title={`There are no tables in ${schema} yet`}>
          Once there are, this is where it is said who may do what with their rows.
        </EmptyState>
      ) : (
        shown.map((table) => <TableCard key={table.name} table={table} policies={policies.data} />)
      )}
    </div>
  );
}

function TableCard({ table, policies }: { readonly table: GuardedTable; readonly policies: readonly Policy[] }) {
  const may = useMay('developer');
  const toasts = useToasts();
  const [opened, setOpened] = useState<'new' | 'try' | 'off'>();
  const close = () => setOpened(undefined);
  const change = usePolicyChange(() => {
    close();
    toasts.done('Done');
  });
  const run = (sql: string) => change.mutate(sql, { onError: toasts.failed });
  const own = policies.filter((policy) => policy.schema === table.schema && policy.table === table.name);
  return (
    <Card
      title={table.name}
      flush
      actions={
        <>
          {table.rls ? <Badge kind="good">RLS on</Badge> : <Badge kind={table.open ? 'bad' : 'wait'}>RLS off</Badge>}
          {may && (
            <>
              <Button small icon="eye" onClick={() => setOpened('try')}>
                Try
              </Button>
              <Button
                small
                onClick={() => (table.rls ? setOpened('off') : run(setRowSecurity(table.schema, table.name, true)))}
              >
                {table.rls ? 'Switch off…' : 'Switch on'}
              </Button>
              <Button small icon="plus" aria-label={`New policy for ${table.name}`} onClick={() => setOpened('new')}>
                Policy
              </Button>
            </>
          )}
        </>
      }
    >
      {!table.rls && table.open && (
        <div style={{ padding: 'var(--s3) var(--s4)' }}>
          <Note kind="warn">
            Whoever has the public key can read or write these rows: policies count once RLS is on.
          </Note>
        </div>
      )}
      {own.length === 0 ? (
        <p className={styles.none}>
          {table.rls
            ? 'No policy: clients see and change nothing, servers with the secret key everything.'
            : 'No policy.'}
        </p>
      ) : (
        <PolicyList policies={own} />
      )}
      {opened === 'new' && <PolicyForm table={table} onClose={close} />}
      {opened === 'try' && <Simulator table={table} policies={policies} onClose={close} />}
      {opened === 'off' && (
        <Confirm
          title={`Switch row level security off for ${table.name}?`}
          action="Switch it off"
          busy={change.isPending}
          onClose={close}
          onConfirm={() => run(setRowSecurity(table.schema, table.name, false))}
        >
          <p>Policies count no longer: whoever has the public key and a grant can read and write all rows.</p>
        </Confirm>
      )}
    </Card>
  );
}
