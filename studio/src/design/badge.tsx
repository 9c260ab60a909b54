import type { ReactNode } from 'react';
import styles from './badge.module.css';
import { classes } from './classes.ts';

/** A word about the state of something. @param dot a dot before it, for states that change */
export function Badge({
  kind = 'plain',
  dot,
  children,
}: {
  readonly kind?: 'plain' | 'good' | 'bad' | 'wait' | 'info';
  readonly dot?: boolean;
  readonly children: ReactNode;
}) {
  return <span className={classes(styles.badge, kind !== 'plain' && styles[kind], dot && styles.dot)}>{children}</span>;
}
