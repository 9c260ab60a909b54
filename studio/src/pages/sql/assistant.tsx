import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { TextArea } from '../../design/field.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { Diff } from '../../editor/diff-view.tsx';
import { askAssistant, describeNames, useAssistant, useNames } from './data.ts';
import styles from './page.module.css';

type Task = 'write' | 'explain' | 'mend';

/** The assistant beside the editor: it proposes, the operator takes it over or does not, and nothing is run. */
export function Assistant({
  sql,
  error,
  onTake,
  onClose,
}: {
  readonly sql: string;
  /** What the database said of it last; empty without an error. */
  readonly error: string;
  readonly onTake: (sql: string) => void;
  readonly onClose: () => void;
}) {
  const assistant = useAssistant();
  const names = useNames();
  const [prompt, setPrompt] = useState('');
  const [answer, setAnswer] = useState<{ readonly text: string; readonly sql: string | null }>();
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  async function ask(task: Task): Promise<void> {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setBusy(true);
    setFailure(undefined);
    try {
      const schema = describeNames(names.data ?? (await names.refetch()).data);
      setAnswer(await askAssistant({ task, prompt, sql, error: task === 'mend' ? error : '', schema }, control.signal));
    } catch (problem) {
      if (!control.signal.aborted) setFailure(problem);
    } finally {
      if (running.current === control) setBusy(false);
    }
  }

  return (
    <Sheet title="Assistant" onClose={onClose}>
      {assistant.data && assistant.data.model === null ? (
        <EmptyState icon="terminal" title="There is no assistant yet">
          Set <code>OPENAI_API_KEY</code>, and for a service of your own <code>OPENAI_BASE_URL</code>, and start again.
          It is given your tables' names and columns and what stands in the editor, never rows.
        </EmptyState>
      ) : (
        <form
          className={styles.assistant}
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            void ask('write');
          }}
        >
          <TextArea
            label="What shall the query do?"
            hint="It sees your tables' names and columns and what stands in the editor, never rows. It runs nothing."
            rows={3}
            value={prompt}
            onChange={({ currentTarget }) => setPrompt(currentTarget.value)}
          />
          <div className={styles.row}>
            <Button kind="primary" type="submit" disabled={busy || prompt.trim() === ''}>
              Write
            </Button>
            <Button disabled={busy || sql.trim() === ''} onClick={() => void ask('explain')}>
              Explain
            </Button>
            {error !== '' && (
              <Button disabled={busy} onClick={() => void ask('mend')}>
                Mend the error
              </Button>
            )}
          </div>
          {failure !== undefined && <ErrorBox error={failure} />}
          {busy ? (
            <Skeleton lines={4} />
          ) : (
            answer && (
              <div className={styles.assistant} aria-live="polite">
                {answer.text !== '' && <p className={styles.words}>{answer.text}</p>}
                {answer.sql !== null && answer.sql.trim() !== sql.trim() && (
                  <>
                    <Diff label="What would change" before={sql} after={answer.sql} />
                    <div>
                      <Button icon="check" onClick={() => onTake(answer.sql ?? '')}>
                        Put it into the editor
                      </Button>
                    </div>
                  </>
                )}
              </div>
            )
          )}
        </form>
      )}
    </Sheet>
  );
}
