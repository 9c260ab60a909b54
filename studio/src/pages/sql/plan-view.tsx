import { classes } from '../../design/classes.ts';
import type { Plan } from '../../sql/plan.ts';
import styles from './page.module.css';

const whole = (value: number): string => Math.round(value).toLocaleString();

/** A query plan as a tree: what each step does, and how much of the whole is its own. */
export function PlanView({ plan }: { readonly plan: Plan }) {
  const slowest = Math.max(...plan.nodes.map(({ share }) => share));
  return (
    <div className={styles.plan}>
      <p className={styles.note}>
        {plan.execution === undefined
          ? 'Not run: costs are estimates, without a unit.'
          : `Planned in ${plan.planning?.toFixed(1)} ms, run in ${plan.execution.toFixed(1)} ms, and rolled back.`}
      </p>
      <ul aria-label="Steps of the plan">
        {plan.nodes.map(({ id, depth, title, details, cost, planned, actual, share, notice }) => (
          <li key={id} className={styles.step} style={{ marginLeft: `min(${depth * 1.25}rem, ${depth * 4}vw)` }}>
            <div className={styles.head}>
              <b>{title}</b>
              <span className={classes(styles.share, share === slowest && share > 0.3 && styles.hot)}>
                {Math.round(share * 100)} %
              </span>
            </div>
            <div className={styles.meter}>
              <span
                className={classes(share === slowest && share > 0.3 && styles.hot)}
                style={{ width: `${share * 100}%` }}
              />
            </div>
            <p className={styles.note}>
              {actual
                ? `${whole(actual.rows)} rows${actual.loops > 1 ? ` × ${whole(actual.loops)}` : ''} (planned ${whole(planned)}) · ${actual.time.toFixed(2)} ms`
                : `${whole(planned)} rows · cost ${cost.toFixed(1)}`}
            </p>
            {notice && <p className={styles.notice}>{notice}</p>}
            {details.length > 0 && (
              <dl className={styles.details}>
                {details.map(([name, value]) => (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
              </dl>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
