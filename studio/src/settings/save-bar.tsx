import type { ReactNode } from 'react';
import { Button } from '../design/button.tsx';
import { ErrorBox } from '../design/states.tsx';
import styles from './settings.module.css';

/** Stays in sight while something is not saved. */
export function SaveBar({
  count,
  busy,
  error,
  about,
  onSave,
  onDiscard,
}: {
  readonly count: number;
  readonly busy: boolean;
  readonly error: unknown;
  /** What saving does. */
  readonly about?: ReactNode;
  readonly onSave: () => void;
  readonly onDiscard: () => void;
}) {
  if (count === 0) return null;
  return (
    <section className={styles.bar} aria-label="Unsaved changes">
      {error !== null && error !== undefined && <ErrorBox error={error} />}
      {about && <p>{about}</p>}
      <div className={styles.row}>
        <span>
          {count} {count === 1 ? 'setting' : 'settings'} changed, not saved
        </span>
        <Button small onClick={onDiscard} disabled={busy}>
          Discard
        </Button>
        <Button small kind="primary" onClick={onSave} disabled={busy}>
          {busy ? 'Saving…' : 'Save'}
        </Button>
      </div>
    </section>
  );
}
