import { diffLines } from './diff.ts';
import styles from './editor.module.css';

const signs = { same: ' ', added: '+', removed: '−' } as const;

/** Two texts laid over each other, line by line. */
export function Diff({
  before,
  after,
  label,
}: {
  readonly before: string;
  readonly after: string;
  readonly label: string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways
    <section className={styles.diff} aria-label={label} tabIndex={0}>
      {diffLines(before, after).map(({ kind, text }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
        <div key={at} className={kind === 'same' ? undefined : styles[kind]}>
          <span>{signs[kind]}</span>
          <span>{text}</span>
        </div>
      ))}
    </section>
  );
}
