import { Link } from 'wouter';
import { classes } from '../../design/classes.ts';
import { logServices } from '../../sql/logs.ts';
import type { LogEntry } from './entry.ts';
import styles from './page.module.css';

/** What a service is called; streams of others are called what they are. */
export const serviceName = ({ service, source }: LogEntry): string =>
  logServices.find(({ key }) => key === service)?.label ?? source;

/** Time of a line with its milliseconds, and the day where it is not today. */
export function timeText(timestamp: number, now = new Date()): string {
  const moment = new Date(timestamp / 1_000);
  const time = `${moment.toLocaleTimeString(undefined, { hour12: false })}.${String(moment.getMilliseconds()).padStart(3, '0')}`;
  if (moment.toDateString() === now.toDateString()) return time;
  return `${moment.toLocaleDateString(undefined, { month: 'short', day: 'numeric' })} ${time}`;
}

const severityWords = { error: 'Error', warn: 'Warning', info: '' } as const;

/** Lines, each of which opens. */
export function Lines({
  entries,
  chosen,
  addressOf,
}: {
  readonly entries: readonly LogEntry[];
  readonly chosen: string | undefined;
  readonly addressOf: (id: string) => string;
}) {
  return (
    <ol className={styles.lines} aria-label="Log lines">
      {entries.map((entry) => (
        <li key={entry.id}>
          <Link href={addressOf(entry.id)} aria-current={entry.id === chosen ? 'true' : undefined}>
            <time dateTime={new Date(entry.timestamp / 1_000).toISOString()}>{timeText(entry.timestamp)}</time>
            <span className={classes(styles.mark, styles[entry.severity])} />
            {entry.severity !== 'info' && <span className="visually-hidden">{severityWords[entry.severity]}</span>}
            <span className={styles.service}>{serviceName(entry)}</span>
            <span className={classes(styles.status, entry.status && styles[entry.severity])}>{entry.status}</span>
            <span className={styles.text}>{entry.title}</span>
          </Link>
        </li>
      ))}
    </ol>
  );
}
