import { type ReactNode, useId } from 'react';
import { classes } from './classes.ts';
import styles from './layout.module.css';

/** A page: title, a line about it, buttons, content. @param wide it takes all of the window's width */
export function PageLayout({
  title,
  about,
  actions,
  wide,
  children,
}: {
  readonly title: string;
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <div className={classes(styles.page, wide && styles.wide)}>
      <header className={styles.head}>
        <div>
          <h1>{title}</h1>
          {about && <p>{about}</p>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A framed part of a page. @param flush true: the content brings its own margins */
export function Card({
  title,
  about,
  actions,
  flush,
  children,
}: {
  readonly title: string;
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={styles.card} aria-labelledby={id}>
      <div className={styles.title}>
        <h2 id={id}>{title}</h2>
        {actions && <div className={styles.actions}>{actions}</div>}
        {about && <p>{about}</p>}
      </div>
      {flush ? children : <div className={styles.body}>{children}</div>}
    </section>
  );
}

/** Names with their values. */
export function KeyValue({ pairs }: { readonly pairs: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={styles.pairs}>
      {pairs.map(([name, value]) => (
        <Pair key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function Pair({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
