import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Input, Select } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import type { Relation } from '../../sql/table.ts';
import { newTable } from '../../sql/table-ddl.ts';
import { addressOf } from './address.ts';
import styles from './page.module.css';
import { TableForm } from './table-form.tsx';

/** The tables of a schema, to choose one. */
export function TableList({
  schema,
  current,
  relations,
}: {
  readonly schema: string;
  readonly current: string | undefined;
  readonly relations: UseQueryResult<Relation[]>;
}) {
  const [, go] = useLocation();
  const [text, setText] = useState('');
  const [making, setMaking] = useState(false);
  const mayWork = useMay('developer');
  const schemas = [...new Set(['public', ...(relations.data ?? []).map((each) => each.schema)])];
  const wanted = text.toLowerCase();
  const found = (relations.data ?? []).filter(
    (each) => each.schema === schema && each.name.toLowerCase().includes(wanted),
  );
  return (
    <>
      <div className={styles.listHead}>
        <h1>Tables</h1>
        {mayWork && (
          <Button small icon="plus" onClick={() => setMaking(true)}>
            New table
          </Button>
        )}
      </div>
      <div style={{ display: 'grid', gap: 'var(--s2)' }}>
        <Select aria-label="Schema" value={schema} onChange={(event) => go(addressOf(event.currentTarget.value))}>
          {schemas.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
        <Input
          type="search"
          aria-label="Search tables"
          placeholder="Search…"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      {relations.error ? (
        <ErrorBox error={relations.error} retry={() => void relations.refetch()} />
      ) : !relations.data ? (
        <Skeleton lines={6} />
      ) : found.length === 0 ? (
        <p style={{ color: 'var(--ink-soft)', fontSize: 'var(--text-sm)' }}>
          {text === '' ? `There are no tables in ${schema} yet.` : 'No table is called that.'}
        </p>
      ) : (
        <ul>
          {found.map(({ name, kind, rls }) => (
            <li key={name}>
              <Link href={addressOf(schema, name)} aria-current={name === current ? 'page' : undefined}>
                <Icon name={kind === 'table' ? 'table' : 'eye'} />
                <span title={name}>{name}</span>
                {kind === 'table' && schema === 'public' && !rls && <Badge kind="wait">open</Badge>}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {making && <TableForm draft={newTable(schema)} onClose={() => setMaking(false)} />}
    </>
  );
}
