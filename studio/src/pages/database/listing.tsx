import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useMay } from '../../data/session.ts';
import { runSql } from '../../data/sql.ts';
import { Button, buttonClass } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { type Column, DataTable } from '../../design/data-table.tsx';
import { Confirm, Sheet } from '../../design/dialog.tsx';
import { Checkbox, Input } from '../../design/field.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import {
  type CatalogueList,
  disableExtensionSql,
  enableExtensionSql,
  isOwnSchema,
  isThereSql,
} from '../../sql/catalogue.ts';
import { EntryMenu } from './forms/entry-menu.tsx';
import { kinds } from './forms/kinds.tsx';
import type { Entry } from './forms/parts.tsx';
import styles from './page.module.css';

/** Longer lists are searched. */
const most = 300;

/** One list of the catalogue, to search and to open. */
export function Listing({ list }: { readonly list: CatalogueList }) {
  const [path, go] = useLocation();
  const search = new URLSearchParams(useSearch());
  const [text, all] = [search.get('q') ?? '', search.get('all') === '1'];
  const [opened, setOpened] = useState<Entry>();
  const [making, setMaking] = useState(false);
  const kind = useMay('developer') ? kinds[list.key] : undefined;
  const entries = useQuery({
    queryKey: ['catalogue', list.key],
    queryFn: async ({ signal }) => {
      if (list.relation !== undefined) {
        const [there] = await runSql<{ found: boolean }>(isThereSql(list.relation), signal);
        if (!there?.found) return [];
      }
      return runSql<Entry>(list.sql, signal);
    },
  });
  const show = (next: { readonly q?: string; readonly all?: boolean }) => {
    const query = new URLSearchParams();
    if ((next.q ?? text) !== '') query.set('q', next.q ?? text);
    if (next.all ?? all) query.set('all', '1');
    go(`${path}${query.size > 0 ? `?${query}` : ''}`, { replace: true });
  };
  if (entries.error) return <ErrorBox error={entries.error} retry={() => void entries.refetch()} />;
  if (!entries.data) return <Skeleton lines={8} />;
  const hasSchema = entries.data.some(({ schema }) => typeof schema === 'string');
  const inView = entries.data.filter(({ schema }) => all || typeof schema !== 'string' || isOwnSchema(schema));
  const wanted = text.toLowerCase();
  const found = inView.filter((entry) =>
    Object.entries(entry).some(
      ([member, value]) =>
        member !== 'definition' &&
        String(value ?? '')
          .toLowerCase()
          .includes(wanted),
    ),
  );
  return (
    <div className={styles.list}>
      <div className={styles.bar}>
        <Input
          type="search"
          aria-label={`Search ${list.label.toLowerCase()}`}
          placeholder="Search…"
          value={text}
          onChange={({ currentTarget }) => show({ q: currentTarget.value })}
        />
        {hasSchema && (
          <Checkbox
            label="also the stack's own schemas"
            checked={all}
            onChange={({ currentTarget }) => show({ all: currentTarget.checked })}
          />
        )}
        {kind && (
          <>
            <span className={styles.end} />
            <Button icon="plus" onClick={() => setMaking(true)}>
              {kind.make}
            </Button>
          </>
        )}
      </div>
      {inView.length === 0 ? (
        <>
          <EmptyState
            icon="database"
            title={list.empty.text}
            actions={
              <Link href={`/sql?new=${encodeURIComponent(list.empty.snippet)}`} className={buttonClass('secondary')}>
                Begin in the SQL editor
              </Link>
            }
          />
          <CodeBlock label="An example" code={list.empty.snippet} />
        </>
      ) : found.length === 0 ? (
        <p className={styles.note}>Nothing is found by that.</p>
      ) : (
        <DataTable
          label={list.label}
          columns={columnsOf(list, hasSchema, setOpened)}
          rows={found.slice(0, most)}
          keyOf={(entry) => JSON.stringify([entry.schema, entry.table, entry.name, entry.arguments, entry.id])}
        />
      )}
      {found.length > most && (
        <p className={styles.note}>{`The first ${most} of ${found.length}; search for the others.`}</p>
      )}
      {kind && making && <kind.Form onClose={() => setMaking(false)} />}
      {opened && (
        <Sheet
          title={String(opened.name || opened.id)}
          onClose={() => setOpened(undefined)}
          actions={
            <Link
              href={`/sql?new=${encodeURIComponent(String(opened.definition))}`}
              className={buttonClass('secondary')}
            >
              Open in the SQL editor
            </Link>
          }
        >
          <CodeBlock label="Definition" code={String(opened.definition)} />
        </Sheet>
      )}
    </div>
  );
}

function columnsOf(list: CatalogueList, hasSchema: boolean, open: (entry: Entry) => void): readonly Column<Entry>[] {
  const name: Column<Entry> = {
    title: 'Name',
    render: (entry) => {
      const label = `${hasSchema && entry.schema !== 'public' ? `${entry.schema}.` : ''}${entry.name || entry.id}`;
      if (list.key === 'tables')
        return (
          <Link href={`/editor/${encodeURIComponent(String(entry.schema))}/${encodeURIComponent(String(entry.name))}`}>
            {label}
          </Link>
        );
      return <code>{label}</code>;
    },
  };
  const rest = list.columns.map<Column<Entry>>(([title, member]) => ({
    title,
    render: (entry) => (
      <span className={styles.value}>
        {entry[member] === null
          ? ''
          : typeof entry[member] === 'number'
            ? entry[member].toLocaleString()
            : String(entry[member])}
      </span>
    ),
  }));
  const end: Column<Entry> = {
    title: 'Actions',
    quiet: true,
    render: (entry) =>
      list.key === 'extensions' ? (
        <ExtensionButton name={String(entry.name)} enabled={entry.installed !== null} />
      ) : (
        <span className={styles.actions}>
          {entry.definition && (
            <Button small onClick={() => open(entry)}>
              Definition
            </Button>
          )}
          <EntryMenu list={list.key} entry={entry} />
        </span>
      ),
  };
  return [name, ...rest, end];
}

function ExtensionButton({ name, enabled }: { readonly name: string; readonly enabled: boolean }) {
  const may = useMay('developer');
  const client = useQueryClient();
  const toasts = useToasts();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  async function run(sql: string): Promise<void> {
    setBusy(true);
    try {
      await runSql(sql);
      await client.invalidateQueries({ queryKey: ['catalogue'] });
      toasts.done(enabled ? `${name} is disabled` : `${name} is enabled`);
    } catch (error) {
      toasts.failed(error);
    } finally {
      setBusy(false);
      setAsking(false);
    }
  }
  if (!may || name === 'plpgsql') return null;
  return (
    <>
      <Button
        small
        disabled={busy}
        aria-label={`${enabled ? 'Disable' : 'Enable'} ${name}`}
        onClick={() => (enabled ? setAsking(true) : void run(enableExtensionSql(name)))}
      >
        {enabled ? 'Disable' : 'Enable'}
      </Button>
      {asking && (
        <Confirm
          title={`Disable ${name}?`}
          action="Disable it"
          busy={busy}
          onConfirm={() => void run(disableExtensionSql(name))}
          onClose={() => setAsking(false)}
        >
          <p>
            Its functions, types and tables go with it. Where something of yours depends on them, the database refuses.
          </p>
        </Confirm>
      )}
    </>
  );
}
