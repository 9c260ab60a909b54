import { useState } from 'react';
import { useMay } from '../../../data/session.ts';
import { Button } from '../../../design/button.tsx';
import { Confirm } from '../../../design/dialog.tsx';
import { Card } from '../../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import { type SettingsVersion, useSettingsHistory, useUndo } from './data.ts';
import styles from './settings.module.css';

/** Who changed which setting from what to what, and the way back. */
export function History() {
  const history = useSettingsHistory();
  const may = useMay('owner');
  const toasts = useToasts();
  const [asked, setAsked] = useState<SettingsVersion>();
  const undo = useUndo((changed) => {
    setAsked(undefined);
    toasts.done(changed.length === 0 ? 'Nothing was different' : `Back to before: ${changed.join(', ')}`);
  });
  if (history.error) return <ErrorBox error={history.error} retry={() => void history.refetch()} />;
  if (!history.data) return <Skeleton lines={6} />;
  const versions = history.data.pages.flat();
  if (versions.length === 0)
    return (
      <EmptyState icon="history" title="Nothing was changed here yet">
        Every change of a setting in this dashboard is noted, and can be taken back.
      </EmptyState>
    );
  return (
    <div className={styles.versions}>
      {versions.map((version, index) => (
        <Card
          key={version.id}
          title={new Date(version.at).toLocaleString()}
          about={`by ${version.operator}`}
          actions={
            may && (
              <Button small icon="undo" onClick={() => setAsked(version)}>
                {index === 0 ? 'Undo' : 'Go back to before this'}
              </Button>
            )
          }
        >
          {version.changes.map((change) => (
            <div key={change.name} className={styles.change}>
              <code>{change.name}</code>
              {change.secret ? (
                <span>{change.after === null ? 'secret taken away' : 'secret set'}</span>
              ) : (
                <span>
                  <del>{shorten(change.before)}</del> → <ins>{shorten(change.after)}</ins>
                </span>
              )}
            </div>
          ))}
        </Card>
      ))}
      {history.hasNextPage && (
        <Button disabled={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          Earlier changes
        </Button>
      )}
      {asked && (
        <Confirm
          title="Go back to before this change?"
          action="Go back"
          busy={undo.isPending}
          onClose={() => {
            setAsked(undefined);
            undo.reset();
          }}
          onConfirm={() => undo.mutate(asked.id)}
        >
          <p>
            All settings of auth that were set here become what they were before {new Date(asked.at).toLocaleString()}.
            Later changes go as well; going back is itself noted, and can be undone.
          </p>
          {undo.error && <ErrorBox error={undo.error} />}
        </Confirm>
      )}
    </div>
  );
}

const shorten = (text: string | null): string =>
  text === null ? 'not set here' : text.length > 200 ? `${text.slice(0, 200)}…` : text;
