import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Badge } from '../../design/badge.tsx';
import { Input, Select } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import type { Relation } from '../../sql/table.ts';

/** Address of a table. */
export const addressOf = (schema: string, name?: string): string =>
  `/editor/${encodeURIComponent(schema)}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;

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
  const schemas = [...new Set(['public', ...(relations.data ?? []).map((each) => each.schema)])];
  const wanted = text.toLowerCase();
  const found = (relations.data ?? []).filter(
    (each) => each.schema === schema && each.name.toLowerCase().includes(wanted),
  );
  return (
    <>
      <h1>Tables</h1>
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
    </>
  );
}
