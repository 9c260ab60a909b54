import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './data-table.module.css';

/** A column: what it is called, and what a row shows there. */
export interface Column<Row> {
  readonly title: string;
  /** True: the title is for screen readers alone, as above buttons. */
  readonly quiet?: boolean;
  readonly render: (row: Row) => ReactNode;
}

/** A plain table of some dozens of rows; long ones belong into the grid. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  keyOf,
}: {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
}) {
  const plain = !columns.at(-1)?.quiet;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on narrow screens
    <section className={styles.scroll} tabIndex={0} aria-label={label}>
      <table className={classes(styles.table, plain && styles.plain)}>
        <thead>
          <tr>
            {columns.map(({ title, quiet }) => (
              <th key={title} scope="col">
                {quiet ? <span className="visually-hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, render }) => (
                <td key={title}>{render(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
