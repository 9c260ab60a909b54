import { useMemo, useState } from 'react';
import { download } from '../../data/download.ts';
import type { Notice, StatementResult } from '../../data/sql.ts';
import { Button } from '../../design/button.tsx';
import { copyText } from '../../design/code-block.tsx';
import { Menu } from '../../design/menu.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useToasts } from '../../design/toast.tsx';
import { Grid, type GridColumn } from '../../grid/grid.tsx';
import type { Plan } from '../../sql/plan.ts';
import { Chart } from './chart.tsx';
import styles from './page.module.css';
import { PlanView } from './plan-view.tsx';
import { asCsv, asMarkdown, describeResult, isNumeric, tableOf, textOf } from './result.ts';

/** What came of running something. */
export type Outcome =
  | {
      readonly kind: 'results';
      readonly results: readonly StatementResult[];
      /** What each statement is called, those that were not run among them. */
      readonly titles: readonly string[];
      /** Rows that plain queries gave at most; 0: all. */
      readonly limit: number;
      readonly failed: Failed | undefined;
    }
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The statement that failed after those that gave results. */
interface Failed {
  readonly error: unknown;
  /** Whether what went before it stays. */
  readonly kept: boolean;
  readonly notices: readonly Notice[];
}

const shownLength = 300;

/** Rows as a table or a chart, a plan as a tree, an error in the database's words. */
export function Results({ outcome, busy }: { readonly outcome: Outcome | undefined; readonly busy: boolean }) {
  if (busy)
    return (
      <div className={styles.padded}>
        <Skeleton lines={5} />
      </div>
    );
  if (!outcome)
    return (
      <EmptyState icon="terminal" title="Nothing was run yet">
        <kbd>Ctrl Enter</kbd> runs what is selected, or everything. With <kbd>Shift</kbd> it runs the statement at the
        cursor.
      </EmptyState>
    );
  if (outcome.kind === 'failed')
    return (
      <div className={styles.padded}>
        <ErrorBox error={outcome.error} />
      </div>
    );
  if (outcome.kind === 'plan') return <PlanView plan={outcome.plan} />;
  return <Script {...outcome} />;
}

/** One tab for each statement; of a single one only what it gave. */
function Script({ results, titles, limit, failed }: Extract<Outcome, { kind: 'results' }>) {
  const lastWithRows = results.findLastIndex(({ columns }) => columns.length > 0);
  const standard = failed ? results.length : Math.max(lastWithRows, 0);
  // What was chosen counts until something else is run.
  const [choice, setChoice] = useState<{ readonly of: typeof results; readonly key: string }>();
  const chosen = choice?.of === results ? choice.key : String(standard);
  const [only] = results;
  if (only && results.length === 1 && !failed) return <OneResult result={only} limit={limit} />;
  if (failed && results.length === 0) return <Failure failed={failed} before={0} />;
  const tabs = results.map((result, at) => {
    const key = String(at);
    return {
      key,
      label: `${at + 1} · ${titles[at] ?? ''}`,
      content: () => <OneResult key={key} result={result} limit={limit} />,
    };
  });
  if (failed)
    tabs.push({
      key: String(results.length),
      label: `${results.length + 1} · ${titles[results.length] ?? ''} · failed`,
      content: () => <Failure failed={failed} before={results.length} />,
    });
  return <Tabs fill label="Results" value={chosen} onChange={(key) => setChoice({ of: results, key })} tabs={tabs} />;
}

function Failure({ failed, before }: { readonly failed: Failed; readonly before: number }) {
  return (
    <div className={styles.padded}>
      <ErrorBox error={failed.error} />
      <Notices notices={failed.notices} />
      {before > 0 && (
        <p>
          {failed.kept
            ? `What the ${before === 1 ? 'statement' : 'statements'} before it did is done.`
            : 'All was one transaction: what was done before it is taken back.'}
        </p>
      )}
    </div>
  );
}

/** What the server remarked. */
function Notices({ notices }: { readonly notices: readonly Notice[] }) {
  if (notices.length === 0) return undefined;
  return (
    <ul className={styles.notices} aria-label="Notices">
      {notices.map(({ severity, message, detail, hint }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: remarks have no other name
        <li key={at}>
          <b>{severity}</b> {[message, detail, hint].filter(Boolean).join(' · ')}
        </li>
      ))}
    </ul>
  );
}

function OneResult({ result, limit }: { readonly result: StatementResult; readonly limit: number }) {
  const { rows, notices } = result;
  const table = useMemo(() => tableOf(result), [result]);
  const [view, setView] = useState<'table' | 'chart'>('table');
  const toasts = useToasts();
  const columns = useMemo<readonly GridColumn[]>(
    () =>
      table.columns.map((title) => {
        const longest = table.rows
          .slice(0, 50)
          .reduce((most, row) => Math.max(most, (textOf(row[title]) ?? '').length), 0);
        return {
          title,
          about: '',
          width: Math.min(360, Math.max(90, 8 * Math.max(title.length, longest) + 28)),
          isNumber: isNumeric(table, title),
          editable: false,
        };
      }),
    [table],
  );
  const text = (row: number, column: number): string | null => textOf(table.rows[row]?.[table.columns[column] ?? '']);
  const copy = (content: string) => copyText(content).then(() => toasts.done('Copied'), toasts.failed);
  return (
    <div className={styles.result}>
      <div className={styles.resultBar}>
        <span role="status">{describeResult(result, limit)}</span>
        {rows.length > 0 && (
          <>
            <span className={styles.end} />
            <Button
              small
              icon={view === 'table' ? 'activity' : 'table'}
              onClick={() => setView(view === 'table' ? 'chart' : 'table')}
            >
              {view === 'table' ? 'Chart' : 'Table'}
            </Button>
            <Menu
              label="Export"
              items={[
                {
                  label: 'Download CSV',
                  icon: 'download',
                  onSelect: () => download('result.csv', asCsv(table), 'text/csv'),
                },
                {
                  label: 'Download JSON',
                  icon: 'download',
                  onSelect: () => download('result.json', JSON.stringify(rows, null, 2), 'application/json'),
                },
                {
                  label: 'Copy as JSON',
                  icon: 'copy',
                  line: true,
                  onSelect: () => void copy(JSON.stringify(rows, null, 2)),
                },
                { label: 'Copy as Markdown', icon: 'copy', onSelect: () => void copy(asMarkdown(table)) },
              ]}
              trigger={(props) => (
                <Button small icon="download" {...props}>
                  Export
                </Button>
              )}
            />
          </>
        )}
        {table.columns.length > 0 && <Notices notices={notices} />}
      </div>
      {table.columns.length === 0 ? (
        <div className={styles.padded}>
          {notices.length === 0 ? <p>The statement gives no rows.</p> : <Notices notices={notices} />}
        </div>
      ) : view === 'chart' ? (
        <Chart table={table} />
      ) : (
        <Grid
          label="Result"
          columns={columns}
          rows={rows.length}
          cell={(row, column) => {
            const whole = text(row, column);
            return {
              text: whole !== null && whole.length > shownLength ? `${whole.slice(0, shownLength)}…` : whole,
              edited: false,
            };
          }}
          whole={text}
        />
      )}
    </div>
  );
}
