import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { SqlEditor } from '../../editor/sql-editor.tsx';
import { logNames, logServices } from '../../sql/logs.ts';
import { queryLogs } from './data.ts';
import styles from './page.module.css';

const examples = [
  {
    name: 'Slowest requests',
    sql: `select metadata #>> '{request,path}' as path, count(*) as requests,
  max((metadata #>> '{response,origin_time}')::numeric) as slowest_ms
from edge_logs
where timestamp > now() - interval '1 hour'
group by 1 order by 3 desc limit 20`,
  },
  {
    name: 'Failed requests',
    sql: `select timestamp, metadata #>> '{request,path}' as path, (metadata #>> '{response,status_code}')::int as status
from edge_logs
where (metadata #>> '{response,status_code}')::int >= 500 and timestamp > now() - interval '1 day'
order by timestamp desc limit 100`,
  },
  {
    name: 'Errors of the database',
    sql: `select timestamp, metadata #>> '{parsed,error_severity}' as severity, event_message, metadata #>> '{parsed,query}' as query
from postgres_logs
where metadata #>> '{parsed,error_severity}' in ('ERROR', 'FATAL', 'PANIC')
order by timestamp desc limit 100`,
  },
  {
    name: 'What functions print',
    sql: `select timestamp, metadata ->> 'function_name' as function, metadata ->> 'level' as level, event_message
from function_logs
order by timestamp desc limit 100`,
  },
] as const;

type Row = Readonly<Record<string, unknown>>;

interface Numbered {
  readonly row: Row;
  readonly index: number;
}

/** Questions in SQL: `/logs/sql?sql=…`. */
export function SqlView() {
  const [, go] = useLocation();
  const asked = new URLSearchParams(useSearch()).get('sql') ?? '';
  const [sql, setSql] = useState(asked === '' ? examples[0].sql : asked);
  const run = useMutation({ mutationFn: (text: string) => queryLogs<Row>(text) });
  const { mutate } = run;
  // What one was sent is run; what one writes, when one says so.
  useEffect(() => {
    if (asked === '') return;
    setSql(asked);
    mutate(asked);
  }, [asked, mutate]);
  const start = (text: string): void => {
    if (text === asked) mutate(text);
    else go(`/logs/sql?${new URLSearchParams({ sql: text })}`);
  };
  return (
    <div className={styles.sql}>
      <SqlEditor label="Query" value={sql} names={logNames} onChange={setSql} onRun={() => start(sql)} />
      <p className={styles.hint}>
        PostgreSQL’s SQL, or BigQuery’s as Supabase’s documentation has it, over{' '}
        {logServices.map(({ view }) => view).join(', ')} and all_logs; it can only read.
      </p>
      <div className={styles.run}>
        <Button kind="primary" icon="play" disabled={run.isPending} onClick={() => start(sql)}>
          Run
        </Button>
        <span>Ctrl+Enter</span>
        <div className={styles.examples}>
          {examples.map(({ name, sql: text }) => (
            <Button key={name} small kind="quiet" onClick={() => start(text)}>
              {name}
            </Button>
          ))}
        </div>
      </div>
      {run.error ? (
        <ErrorBox error={run.error} />
      ) : run.isPending ? (
        <Skeleton lines={5} />
      ) : (
        run.data && <Result rows={run.data} />
      )}
    </div>
  );
}

function Result({ rows }: { readonly rows: readonly Row[] }) {
  if (rows.length === 0)
    return (
      <EmptyState icon="search" title="No lines fit">
        The query ran, and found nothing.
      </EmptyState>
    );
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const numbered = rows.map((row, index): Numbered => ({ row, index }));
  return (
    <Card title={`${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`} flush>
      <DataTable
        label="Result"
        rows={numbered}
        keyOf={({ index }) => index}
        columns={names.map((name) => ({
          title: name,
          render: ({ row }: Numbered) => <span className={styles.cell}>{valueText(name, row[name])}</span>,
        }))}
      />
    </Card>
  );
}

// The log store gives times in microseconds, as the original does.
function valueText(name: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (name === 'timestamp' && typeof value === 'number') return new Date(value / 1_000).toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
