import { useState } from 'react';
import { useMay } from '../data/session.ts';
import { type SettingsVersion, useSettingsHistory, useUndo } from '../data/settings.ts';
import { Button } from '../design/button.tsx';
import { Confirm } from '../design/dialog.tsx';
import { Card } from '../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../design/states.tsx';
import { useToasts } from '../design/toast.tsx';
import styles from './settings.module.css';

/** Who changed which setting from what to what, and the way back. @param room only changes that concern it */
export function History({ room }: { readonly room?: string }) {
  const history = useSettingsHistory();
  const may = useMay('owner');
  const toasts = useToasts();
  const [asked, setAsked] = useState<SettingsVersion>();
  const undo = useUndo((changed) => {
    setAsked(undefined);
    toasts.done(changed.length === 0 ? 'Nothing was different' : `Undone: ${changed.join(', ')}`);
  });
  if (history.error) return <ErrorBox error={history.error} retry={() => void history.refetch()} />;
  if (!history.data) return <Skeleton lines={6} />;
  const versions = history.data.pages
    .flat()
    .filter(({ rooms }) => room === undefined || rooms.split(', ').includes(room));
  if (versions.length === 0 && !history.hasNextPage)
    return (
      <EmptyState icon="history" title="Nothing was changed here yet">
        Every change of a setting in this dashboard is noted, and can be taken back.
      </EmptyState>
    );
  return (
    <div className={styles.versions}>
      {versions.map((version) => (
        <Card
          key={version.id}
          title={new Date(version.at).toLocaleString()}
          about={`${version.rooms}, by ${version.operator}`}
          actions={
            may && (
              <Button small icon="undo" onClick={() => setAsked(version)}>
                Undo
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
          title="Undo this change?"
          action="Undo the change"
          busy={undo.isPending}
          onClose={() => {
            setAsked(undefined);
            undo.reset();
          }}
          onConfirm={() => undo.mutate(asked.id)}
        >
          <p>
            {asked.changes.map(({ name }) => name).join(', ')}: what was set here before{' '}
            {new Date(asked.at).toLocaleString()} counts again. Other settings stay as they are. Undoing is itself
            noted, and can be undone.
          </p>
          {undo.error && <ErrorBox error={undo.error} />}
        </Confirm>
      )}
    </div>
  );
}

const shorten = (text: string | null): string =>
  text === null ? 'not set here' : text.length > 200 ? `${text.slice(0, 200)}…` : text;
