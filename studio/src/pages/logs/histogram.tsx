import { type KeyboardEvent, useRef, useState } from 'react';
import type { Span } from '../../sql/logs.ts';
import type { Bar } from './data.ts';
import styles from './page.module.css';

const timeOf = (time: number): string =>
  new Date(time).toLocaleString(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

const about = ({ from, error, warn, info }: Bar): string =>
  `${timeOf(from)}: ${error} errors, ${warn} warnings, ${info} others`;

/** Lines over time; a bar leads to its moment. One tab stop, arrows move. */
export function Histogram({
  bars,
  onChoose,
}: {
  readonly bars: readonly Bar[];
  readonly onChoose: (span: Span) => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const most = Math.max(1, ...bars.map(({ error, warn, info }) => error + warn + info));
  const current = Math.min(at, bars.length - 1);

  function onKeyDown(event: KeyboardEvent): void {
    const target: Record<string, number> = {
      ArrowRight: current + 1,
      ArrowLeft: current - 1,
      Home: 0,
      End: bars.length - 1,
    };
    const next = target[event.key];
    if (next === undefined || !bars[next]) return;
    event.preventDefault();
    setAt(next);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  }

  return (
    <div className={styles.histogram}>
      {/* biome-ignore lint/a11y/useSemanticElements: a set of fields is none */}
      <div ref={list} role="group" aria-label="Lines over time" className={styles.bars} onKeyDown={onKeyDown}>
        {bars.map((bar, index) => (
          <button
            key={bar.from}
            type="button"
            tabIndex={index === current ? 0 : -1}
            aria-label={about(bar)}
            title={about(bar)}
            className={styles.bar}
            onFocus={() => setAt(index)}
            onClick={() => onChoose({ from: bar.from, to: bar.to })}
          >
            {(['info', 'warn', 'error'] as const).map(
              (severity) =>
                bar[severity] > 0 && (
                  <span
                    key={severity}
                    className={styles[severity]}
                    style={{ height: `${(bar[severity] / most) * 100}%` }}
                  />
                ),
            )}
          </button>
        ))}
      </div>
      <div className={styles.axis}>
        <span>{bars[0] && timeOf(bars[0].from)}</span>
        <span>{most > 1 && `up to ${most.toLocaleString()} a bar`}</span>
        <span>{bars.at(-1) && timeOf((bars.at(-1) as Bar).to)}</span>
      </div>
    </div>
  );
}
