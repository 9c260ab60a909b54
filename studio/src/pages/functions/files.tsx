import { type FormEvent, lazy, Suspense, useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Confirm } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { deployDrafts, removeFile, useFiles, useFileText, useFunction, useFunctionChange } from './data.ts';
import { type Drafts, fileOf, pathProblem, withDraft } from './deploy.ts';
import styles from './page.module.css';

const CodeEditor = lazy(async () => ({ default: (await import('../../editor/code-editor.tsx')).CodeEditor }));

interface DraftsProps {
  readonly slug: string;
  readonly drafts: Drafts;
  readonly onDrafts: (change: (drafts: Drafts) => Drafts) => void;
}

/** Files of a function, to change; what was changed is deployed together. */
export function Files({ slug, drafts, onDrafts }: DraftsProps) {
  const may = useMay('developer');
  const info = useFunction(slug);
  const files = useFiles(slug);
  const toasts = useToasts();
  const [chosen, setChosen] = useState<string>();
  const [removing, setRemoving] = useState<string>();
  const deploy = useFunctionChange(
    (sent: Drafts) => deployDrafts(slug, sent),
    (sent) => {
      // What was written on while it was sent stays a draft.
      onDrafts((now) => new Map([...now].filter(([path, text]) => sent.get(path) !== text)));
      toasts.done('It is deployed; the next request runs it');
    },
  );
  const remove = useFunctionChange(
    (path: string) => removeFile(slug, path),
    (path) => {
      onDrafts((now) => withDraft(now, path, undefined));
      setRemoving(undefined);
      toasts.done(`${path} is removed`);
    },
  );
  const error = files.error ?? info.error;
  if (error) return <ErrorBox error={error} retry={() => void Promise.all([files.refetch(), info.refetch()])} />;
  if (!files.data || !info.data) return <Skeleton lines={8} />;
  const kept = files.data.map(({ path }) => path);
  const paths = [...new Set([...kept, ...drafts.keys()])].sort();
  const entry = fileOf(info.data.entrypoint_path, slug, kept);
  const path = chosen !== undefined && paths.includes(chosen) ? chosen : (entry ?? paths[0]);
  const send = () => {
    if (drafts.size > 0 && !deploy.isPending) deploy.mutate(drafts);
  };
  return (
    <div className={styles.columns}>
      <div className={styles.main}>
        <nav className={styles.files} aria-label="Files">
          {paths.map((each) => (
            <button key={each} type="button" aria-current={each === path} onClick={() => setChosen(each)}>
              {each}
              {drafts.has(each) && <span className={styles.changed}>{kept.includes(each) ? 'changed' : 'new'}</span>}
            </button>
          ))}
        </nav>
        {may && (
          <NewFile
            taken={paths}
            onAdd={(added) => {
              onDrafts((now) => withDraft(now, added, ''));
              setChosen(added);
            }}
          />
        )}
      </div>
      <div className={styles.main}>
        {path !== undefined &&
          (kept.includes(path) ? (
            <KeptFile key={path} slug={slug} path={path} drafts={drafts} onDrafts={onDrafts} onSave={send} />
          ) : (
            <Editor
              key={path}
              path={path}
              value={drafts.get(path) ?? ''}
              onChange={(text) => onDrafts((now) => withDraft(now, path, text))}
              onSave={send}
            />
          ))}
        {may && path !== undefined && (
          <div className={styles.bar}>
            <Button kind="primary" disabled={drafts.size === 0 || deploy.isPending} onClick={send}>
              {deploy.isPending ? 'Deploying…' : drafts.size > 1 ? `Deploy ${drafts.size} files` : 'Deploy'}
            </Button>
            <Button disabled={!drafts.has(path)} onClick={() => onDrafts((now) => withDraft(now, path, undefined))}>
              Discard
            </Button>
            {path !== entry && kept.includes(path) && (
              <Button icon="trash" onClick={() => setRemoving(path)}>
                Remove the file
              </Button>
            )}
          </div>
        )}
        {deploy.error && <ErrorBox error={deploy.error} />}
      </div>
      {removing !== undefined && (
        <Confirm
          title={`Remove ${removing}?`}
          action="Remove"
          busy={remove.isPending}
          onClose={() => setRemoving(undefined)}
          onConfirm={() => remove.mutate(removing)}
        >
          <p>The next request runs without it. That cannot be undone.</p>
          {remove.error && <ErrorBox error={remove.error} />}
        </Confirm>
      )}
    </div>
  );
}

function NewFile({ taken, onAdd }: { readonly taken: readonly string[]; readonly onAdd: (path: string) => void }) {
  const [path, setPath] = useState('');
  const problem = path === '' ? undefined : pathProblem(path, taken);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (pathProblem(path, taken) !== undefined) return;
    onAdd(path);
    setPath('');
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextField
        label="New file"
        placeholder="lib/mail.ts"
        autoComplete="off"
        problem={problem}
        value={path}
        onChange={(event) => setPath(event.currentTarget.value)}
      />
      <Button small icon="plus" type="submit" disabled={path === '' || problem !== undefined}>
        Add the file
      </Button>
    </form>
  );
}

function KeptFile({
  slug,
  path,
  drafts,
  onDrafts,
  onSave,
}: DraftsProps & { readonly path: string; readonly onSave: () => void }) {
  const file = useFileText(slug, path);
  if (file.error) return <ErrorBox error={file.error} retry={() => void file.refetch()} />;
  if (file.data === undefined) return <Skeleton lines={8} />;
  // Texts have no zero characters and no broken ones; an edit of anything else would spoil it.
  if (/[\0\uFFFD]/.test(file.data)) return <Note>This file is no text; it is deployed as it is.</Note>;
  return (
    <Editor
      path={path}
      value={drafts.get(path) ?? file.data}
      onChange={(text) => onDrafts((now) => withDraft(now, path, text === file.data ? undefined : text))}
      onSave={onSave}
    />
  );
}

function Editor({
  path,
  value,
  onChange,
  onSave,
}: {
  readonly path: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly onSave: () => void;
}) {
  const may = useMay('developer');
  return (
    <div className={styles.editor}>
      <Suspense fallback={<Skeleton lines={8} />}>
        <CodeEditor label={path} path={path} value={value} readOnly={!may} onChange={onChange} onSave={onSave} />
      </Suspense>
    </div>
  );
}
