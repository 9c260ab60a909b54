import { useEffect, useMemo, useRef, useState } from 'react';
import { SelectField } from '../../design/field.tsx';
import { EmptyState } from '../../design/states.tsx';
import styles from './page.module.css';
import { isNumeric, type ResultTable, textOf, ticksOf } from './result.ts';

const height = 280;
const frame = { top: 12, right: 12, bottom: 44, left: 60 };
/** More are no picture any more. */
const points = 1_000;
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 2 });

/** Rows as bars or as a line: one column along, one of numbers up. */
export function Chart({ table }: { readonly table: ResultTable }) {
  const numeric = useMemo(() => table.columns.filter((column) => isNumeric(table, column)), [table]);
  const [along, setAlong] = useState<string>();
  const [up, setUp] = useState<string>();
  const [kind, setKind] = useState<'bars' | 'line'>('bars');
  const y =
    up !== undefined && numeric.includes(up)
      ? up
      : (numeric.findLast((column) => column !== table.columns[0]) ?? numeric[0]);
  const x =
    along !== undefined && table.columns.includes(along) ? along : (table.columns.find((column) => column !== y) ?? y);
  if (y === undefined || x === undefined)
    return (
      <EmptyState icon="activity" title="Nothing to draw">
        A chart needs a column of numbers, as of{' '}
        <code>select date_trunc('day', created_at), count(*) … group by 1 order by 1</code>.
      </EmptyState>
    );
  return (
    <div className={styles.chart}>
      <div className={styles.axes}>
        <SelectField label="Along" value={x} onChange={({ currentTarget }) => setAlong(currentTarget.value)}>
          {table.columns.map((column) => (
            <option key={column}>{column}</option>
          ))}
        </SelectField>
        <SelectField label="Up" value={y} onChange={({ currentTarget }) => setUp(currentTarget.value)}>
          {numeric.map((column) => (
            <option key={column}>{column}</option>
          ))}
        </SelectField>
        <SelectField
          label="As"
          value={kind}
          onChange={({ currentTarget }) => setKind(currentTarget.value as typeof kind)}
        >
          <option value="bars">bars</option>
          <option value="line">a line</option>
        </SelectField>
      </div>
      <Picture table={table} x={x} y={y} kind={kind} />
      {table.rows.length > points && <p className={styles.note}>The first {points.toLocaleString()} rows are drawn.</p>}
    </div>
  );
}

function Picture({
  table,
  x,
  y,
  kind,
}: {
  readonly table: ResultTable;
  readonly x: string;
  readonly y: string;
  readonly kind: 'bars' | 'line';
}) {
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(240, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const rows = table.rows.slice(0, points);
  const values = rows.map((row) => Number(row[y] ?? 0));
  const ticks = ticksOf(Math.min(...values), Math.max(...values));
  const [low, high] = [ticks[0] as number, ticks.at(-1) as number];
  const inner = { width: width - frame.left - frame.right, height: height - frame.top - frame.bottom };
  const top = (value: number): number => frame.top + inner.height * (1 - (value - low) / (high - low));
  const slot = inner.width / Math.max(1, rows.length);
  const middle = (at: number): number => frame.left + slot * (at + 0.5);
  const every = Math.ceil(rows.length / Math.max(1, Math.floor(inner.width / 90)));
  return (
    <div ref={host}>
      <svg width={width} height={height} role="img" aria-label={`${y} by ${x}, ${rows.length} values`}>
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={frame.left} x2={width - frame.right} y1={top(tick)} y2={top(tick)} stroke="var(--line)" />
            <text x={frame.left - 8} y={top(tick) + 4} textAnchor="end">
              {short.format(tick)}
            </text>
          </g>
        ))}
        {kind === 'bars' ? (
          values.map((value, at) => (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: bars have no other name
              key={at}
              x={middle(at) - slot * 0.4}
              width={Math.max(0.5, slot * 0.8)}
              y={Math.min(top(value), top(0))}
              height={Math.max(0.5, Math.abs(top(value) - top(0)))}
              fill="var(--accent)"
            >
              <title>{`${textOf(rows[at]?.[x])}: ${value.toLocaleString()}`}</title>
            </rect>
          ))
        ) : (
          <>
            <polyline
              fill="none"
              stroke="var(--accent)"
              strokeWidth={2}
              points={values.map((value, at) => `${middle(at)},${top(value)}`).join(' ')}
            />
            {rows.length <= 200 &&
              values.map((value, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: points have no other name
                <circle key={at} cx={middle(at)} cy={top(value)} r={3} fill="var(--accent)">
                  <title>{`${textOf(rows[at]?.[x])}: ${value.toLocaleString()}`}</title>
                </circle>
              ))}
          </>
        )}
        {rows.map((row, at) =>
          at % every === 0 ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: labels have no other name
            <text key={at} x={middle(at)} y={height - frame.bottom + 18} textAnchor="middle">
              {(textOf(row[x]) ?? 'NULL').slice(0, 12)}
            </text>
          ) : null,
        )}
      </svg>
    </div>
  );
}
