import { useMemo, useState } from 'react';
import { download } from '../../data/download.ts';
import type { Row } from '../../data/sql.ts';
import { Button } from '../../design/button.tsx';
import { copyText } from '../../design/code-block.tsx';
import { Menu } from '../../design/menu.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { Grid, type GridColumn } from '../../grid/grid.tsx';
import type { Plan } from '../../sql/plan.ts';
import { Chart } from './chart.tsx';
import styles from './page.module.css';
import { PlanView } from './plan-view.tsx';
import { asCsv, asMarkdown, isNumeric, tableOf, textOf } from './result.ts';

/** What came of running something. */
export type Outcome =
  | {
      readonly kind: 'rows';
      readonly rows: readonly Row[];
      readonly took: number;
      readonly limited: number | undefined;
    }
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'failed'; readonly error: unknown };

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
  return <Rows {...outcome} />;
}

function Rows({ rows, took, limited }: Extract<Outcome, { kind: 'rows' }>) {
  const table = useMemo(() => tableOf(rows), [rows]);
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
        <span role="status">
          {rows.length === 0
            ? 'Done; no rows'
            : `${rows.length.toLocaleString()} ${rows.length === 1 ? 'row' : 'rows'}`}{' '}
          in {Math.round(took).toLocaleString()} ms
          {limited !== undefined && rows.length === limited && `, the first ${limited.toLocaleString()} only`}
        </span>
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
      </div>
      {rows.length === 0 ? (
        <p className={styles.padded}>The statement gave no rows.</p>
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
