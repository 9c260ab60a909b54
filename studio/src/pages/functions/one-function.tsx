import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button, buttonClass } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Confirm } from '../../design/dialog.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useFunctionLogs, useFunctionRemoval, useInvocations } from './data.ts';
import type { Drafts } from './deploy.ts';
import { Facts } from './facts.tsx';
import { Files } from './files.tsx';
import styles from './page.module.css';
import { Tester } from './tester.tsx';

const views = ['code', 'test', 'logs', 'invocations'] as const;

/** One function: its code, a tester, what it said, who called it. */
export function OneFunction({ slug, view }: { readonly slug: string; readonly view: string | undefined }) {
  const [, go] = useLocation();
  const may = useMay('developer');
  const [asked, setAsked] = useState(false);
  // Here, so that changes outlive a look at another view.
  const [drafts, setDrafts] = useState<Drafts>(new Map());
  useEffect(() => {
    if (drafts.size === 0) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [drafts]);
  const remove = useFunctionRemoval(slug, () => go('/functions'));
  return (
    <>
      <Facts slug={slug} />
      <Tabs
        label={`Views of ${slug}`}
        value={views.find((each) => each === view) ?? 'code'}
        onChange={(key) => go(`/functions/${encodeURIComponent(slug)}/${key}`)}
        tabs={[
          { key: 'code', label: 'Code', content: () => <Files slug={slug} drafts={drafts} onDrafts={setDrafts} /> },
          { key: 'test', label: 'Test', content: () => <Tester slug={slug} /> },
          {
            key: 'logs',
            label: 'Logs',
            content: () => (
              <div className={styles.main}>
                <Kept href="/logs?service=functions" />
                <Logs slug={slug} />
              </div>
            ),
          },
          {
            key: 'invocations',
            label: 'Invocations',
            content: () => (
              <div className={styles.main}>
                <Kept href={`/logs?service=invocations&path=${encodeURIComponent(`/${slug}`)}`} />
                <Invocations slug={slug} />
              </div>
            ),
          },
        ]}
      />
      {may && (
        <div>
          <Button icon="trash" onClick={() => setAsked(true)}>
            Delete the function
          </Button>
        </div>
      )}
      {asked && (
        <Confirm
          title={`Delete ${slug}?`}
          action="Delete"
          busy={remove.isPending}
          onClose={() => setAsked(false)}
          onConfirm={() => remove.mutate()}
        >
          <p>Its files are deleted, and callers are answered that there is no such function.</p>
          {remove.error && <ErrorBox error={remove.error} />}
        </Confirm>
      )}
    </>
  );
}

// What is listed here begins with the program's own start; the log store has more.
const Kept = ({ href }: { readonly href: string }) => (
  <p>
    <Link href={href} className={buttonClass('secondary', true)}>
      Earlier ones, in Logs
    </Link>
  </p>
);

const levels = { debug: 'plain', info: 'info', warning: 'wait', error: 'bad' } as const;

function Logs({ slug }: { readonly slug: string }) {
  const logs = useFunctionLogs(slug);
  if (logs.error) return <ErrorBox error={logs.error} retry={() => void logs.refetch()} />;
  if (!logs.data) return <Skeleton lines={6} />;
  if (logs.data.length === 0)
    return (
      <EmptyState icon="list" title="Nothing was said yet">
        What the function writes by console.log, and when it starts and ends, comes here as it happens.
      </EmptyState>
    );
  return (
    <DataTable
      label="Logs"
      rows={logs.data}
      keyOf={({ sequence }) => sequence}
      columns={[
        { title: 'When', render: ({ timestamp }) => <Time at={timestamp} /> },
        { title: 'Level', render: ({ level }) => <Badge kind={levels[level]}>{level}</Badge> },
        { title: 'What', render: ({ event_type: type }) => type },
        {
          title: 'Message',
          render: ({ event_message: message }) => <code className={styles.message}>{message.trimEnd()}</code>,
        },
      ]}
    />
  );
}

function Invocations({ slug }: { readonly slug: string }) {
  const calls = useInvocations(slug);
  if (calls.error) return <ErrorBox error={calls.error} retry={() => void calls.refetch()} />;
  if (!calls.data) return <Skeleton lines={6} />;
  if (calls.data.length === 0)
    return (
      <EmptyState icon="activity" title="Nobody called it yet">
        Requests to the function are listed here as they come.
      </EmptyState>
    );
  return (
    <DataTable
      label="Invocations"
      rows={calls.data}
      keyOf={({ sequence }) => sequence}
      columns={[
        { title: 'When', render: ({ timestamp }) => <Time at={timestamp} /> },
        {
          title: 'Status',
          render: ({ status_code: status }) => (
            <Badge kind={status >= 500 ? 'bad' : status >= 400 ? 'wait' : 'good'}>{status}</Badge>
          ),
        },
        { title: 'Request', render: ({ method, pathname }) => `${method} ${pathname}` },
        { title: 'Took', render: ({ execution_time_ms: time }) => `${Math.round(time)} ms` },
      ]}
    />
  );
}

const Time = ({ at }: { readonly at: number }) => (
  <time className={styles.time} dateTime={new Date(at).toISOString()}>
    {new Date(at).toLocaleTimeString()}
  </time>
);
