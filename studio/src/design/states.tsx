import type { ReactNode } from 'react';
import { ApiError } from '../data/client.ts';
import { Button } from './button.tsx';
import { classes } from './classes.ts';
import { Icon, type IconName } from './icon.tsx';
import styles from './states.module.css';

/** What a view says that has nothing to show, and what to do about it. */
export function EmptyState({
  icon,
  title,
  children,
  actions,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <div className={styles.empty}>
      <span className={styles.mark}>
        <Icon name={icon} size={20} />
      </span>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {actions && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}

/**
 * An error as it was told: for SQL the database's own words, with the line and a caret under the place, its detail and its
 * hint. @param retry what "Try again" does
 */
export function ErrorBox({ error, retry }: { readonly error: unknown; readonly retry?: (() => void) | undefined }) {
  const formatted = error instanceof ApiError ? error.formatted : undefined;
  return (
    <div className={styles.error} role="alert">
      <Icon name="alert" />
      <div className={styles.message}>
        {formatted ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways
          <pre className={styles.trace} tabIndex={0}>
            {formatted}
          </pre>
        ) : (
          <p>{error instanceof Error ? error.message : String(error)}</p>
        )}
        {retry && (
          <Button small icon="refresh" onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

/** Something to know before going on. */
export function Note({ kind = 'info', children }: { readonly kind?: 'info' | 'warn'; readonly children: ReactNode }) {
  return (
    <div className={classes(styles.note, kind === 'warn' && styles.warn)}>
      <Icon name={kind === 'warn' ? 'alert' : 'info'} />
      <div>{children}</div>
    </div>
  );
}

/** Stands for lines that are still being loaded. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }) {
  return (
    <div aria-busy="true" aria-live="polite" style={{ display: 'grid', gap: 'var(--s3)' }}>
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <span key={index} className={styles.bone} style={{ width: `${90 - ((index * 23) % 45)}%` }} />
      ))}
    </div>
  );
}
