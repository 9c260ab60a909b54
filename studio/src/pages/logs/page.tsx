import { useDeferredValue } from 'react';
import { useLocation, useSearch } from 'wouter';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { Input, Select } from '../../design/field.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import type { LogFilter } from '../../sql/logs.ts';
import { addressOf, type LogView, type Range, ranges, readView } from './address.ts';
import { type Tail, useFacets, useHistogram, useLines, useTail } from './data.ts';
import { merged } from './entry.ts';
import { Facets } from './facets.tsx';
import { Histogram } from './histogram.tsx';
import { LineSheet } from './line-sheet.tsx';
import { Lines } from './lines.tsx';
import styles from './page.module.css';
import { SqlView } from './sql-view.tsx';

const rangeNames: Readonly<Record<Range, string>> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

const everything: LogFilter = {
  service: undefined,
  severity: undefined,
  status: undefined,
  path: '',
  search: '',
  request: '',
  dashboard: false,
};

/** What the services say: `/logs?service=…&level=…&status=…&path=…&search=…&request=…&id=…`, `/logs/sql?sql=…`. */
export function Page() {
  const [path, go] = useLocation();
  return (
    <PageLayout title="Logs" about="What all services of the project say, as it happens and for a week back.">
      <Tabs
        label="Logs"
        value={path === '/logs/sql' ? 'sql' : 'lines'}
        onChange={(key) => go(key === 'sql' ? '/logs/sql' : '/logs')}
        tabs={[
          { key: 'lines', label: 'Lines', content: () => <LinesView /> },
          { key: 'sql', label: 'SQL', content: () => <SqlView /> },
        ]}
      />
    </PageLayout>
  );
}

function LinesView() {
  const [, go] = useLocation();
  const shown = readView(new URLSearchParams(useSearch()));
  // Typing stays quick while the lines follow.
  const address = useDeferredValue(addressOf({ ...shown, id: undefined }));
  const view = readView(new URL(address, location.href).searchParams);
  const tail = useTail(view);
  const lines = useLines(view);
  const histogram = useHistogram(view);
  const facets = useFacets(view);
  const change = (next: Partial<LogView>, replace = false): void => go(addressOf({ ...shown, ...next }), { replace });
  const narrow = (filter: LogFilter): void => change({ filter });
  const entries = merged(tail.entries, lines.data?.pages.flat() ?? []);
  return (
    <>
      <Controls view={shown} tail={tail} onChange={change} onRefresh={() => void refresh()} />
      <div className={styles.view}>
        <Facets rows={facets.data} filter={shown.filter} onChange={narrow} />
        <div className={styles.found}>
          {histogram.data && (
            <Histogram bars={histogram.data} onChoose={(span) => change({ span, live: false, id: undefined })} />
          )}
          {tail.skipped > 0 && (
            <Note kind="warn">{tail.skipped.toLocaleString()} lines came too fast to be shown live.</Note>
          )}
          {lines.error ? (
            <ErrorBox error={lines.error} retry={() => void lines.refetch()} />
          ) : !lines.data ? (
            <Skeleton lines={10} />
          ) : entries.length === 0 ? (
            <NoLines view={shown} onReset={() => change({ filter: everything, span: undefined, live: true })} />
          ) : (
            <Lines entries={entries} chosen={shown.id} addressOf={(id) => addressOf({ ...shown, id })} />
          )}
          {lines.hasNextPage && (
            <div className={styles.more}>
              <Button disabled={lines.isFetchingNextPage} onClick={() => void lines.fetchNextPage()}>
                Earlier lines
              </Button>
            </div>
          )}
        </div>
      </div>
      {shown.id !== undefined && (
        <LineSheet
          key={shown.id}
          id={shown.id}
          known={entries.find(({ id }) => id === shown.id)}
          onClose={() => change({ id: undefined })}
        />
      )}
    </>
  );

  async function refresh(): Promise<void> {
    await Promise.all([lines.refetch(), histogram.refetch(), facets.refetch()]);
  }
}

const tailStates = {
  off: undefined,
  connecting: ['wait', 'Connecting…'],
  following: ['good', 'Live'],
  broken: ['bad', 'Not live'],
} as const;

function Controls({
  view,
  tail,
  onChange,
  onRefresh,
}: {
  readonly view: LogView;
  readonly tail: Tail;
  readonly onChange: (next: Partial<LogView>, replace?: boolean) => void;
  readonly onRefresh: () => void;
}) {
  const { filter, range, span, live } = view;
  const state = tailStates[tail.state];
  return (
    <div className={styles.controls}>
      <div className={styles.search}>
        <Input
          type="search"
          aria-label="Search in lines"
          placeholder="Part of a line…"
          value={filter.search}
          onChange={(event) => onChange({ filter: { ...filter, search: event.currentTarget.value } }, true)}
        />
      </div>
      <div className={styles.path}>
        <Input
          type="search"
          aria-label="Part of the path"
          placeholder="Path, e.g. /rest/v1"
          value={filter.path}
          onChange={(event) => onChange({ filter: { ...filter, path: event.currentTarget.value } }, true)}
        />
      </div>
      <div className={styles.range}>
        <Select
          aria-label="Time"
          value={span ? 'span' : range}
          onChange={(event) => onChange({ range: event.currentTarget.value as Range, span: undefined })}
        >
          {(Object.keys(ranges) as Range[]).map((each) => (
            <option key={each} value={each}>
              {rangeNames[each]}
            </option>
          ))}
          {span && <option value="span">{`${timeOf(span.from)} – ${timeOf(span.to)}`}</option>}
        </Select>
      </div>
      <Button
        icon={live ? 'stop' : 'play'}
        aria-pressed={live}
        onClick={() => onChange({ live: !live, span: undefined })}
      >
        {live ? 'Pause' : 'Go live'}
      </Button>
      {!live && (
        <Button icon="refresh" onClick={onRefresh}>
          Refresh
        </Button>
      )}
      <span role="status" aria-live="polite">
        {state && (
          <Badge kind={state[0]} dot>
            {state[1]}
          </Badge>
        )}
      </span>
      {filter.request !== '' && (
        <div className={styles.request}>
          <span>
            All lines about request <code>{filter.request}</code>
          </span>
          <Button small icon="close" onClick={() => onChange({ filter: { ...filter, request: '' } })}>
            Show others too
          </Button>
        </div>
      )}
    </div>
  );
}

const timeOf = (time: number): string =>
  new Date(time).toLocaleString(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

function NoLines({ view, onReset }: { readonly view: LogView; readonly onReset: () => void }) {
  const isNarrowed =
    view.span !== undefined ||
    Object.values(view.filter).some((value) => value !== undefined && value !== '' && value !== false);
  if (isNarrowed)
    return (
      <EmptyState icon="search" title="No lines fit" actions={<Button onClick={onReset}>Show everything</Button>}>
        Choose a longer time, or fewer conditions.
      </EmptyState>
    );
  return (
    <>
      <EmptyState icon="list" title="Nothing was logged in this time">
        Every request to the project leaves a line here. Try one:
      </EmptyState>
      <CodeBlock label="Request" code={`curl ${location.origin}/auth/v1/health -H "apikey: $ANON_KEY"`} />
    </>
  );
}
