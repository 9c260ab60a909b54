import { lazy, Suspense, useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Input } from '../../design/field.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { removeFile, saveFile, useFiles, useFileText, useFunctionChange } from './data.ts';
import styles from './page.module.css';

const CodeEditor = lazy(async () => ({ default: (await import('../../editor/code-editor.tsx')).CodeEditor }));

/** Files of a function, to change and deploy. */
export function Files({ slug }: { readonly slug: string }) {
  const may = useMay('developer');
  const files = useFiles(slug);
  const [chosen, setChosen] = useState<string>();
  const [added, setAdded] = useState('');
  const toasts = useToasts();
  const add = useFunctionChange(
    (path: string) => saveFile(slug, path, ''),
    (path) => {
      setChosen(path);
      setAdded('');
    },
  );
  if (files.error) return <ErrorBox error={files.error} retry={() => void files.refetch()} />;
  if (!files.data) return <Skeleton lines={8} />;
  const paths = files.data.map(({ path }) => path);
  const path = chosen !== undefined && paths.includes(chosen) ? chosen : (paths.find(isEntry) ?? paths[0]);
  return (
    <div className={styles.columns}>
      <div className={styles.main}>
        <div className={styles.files}>
          {paths.map((each) => (
            <button key={each} type="button" aria-current={each === path} onClick={() => setChosen(each)}>
              {each}
            </button>
          ))}
        </div>
        {may && (
          <form
            className={styles.bar}
            onSubmit={(event) => {
              event.preventDefault();
              if (added !== '') add.mutate(added, { onError: toasts.failed });
            }}
          >
            <Input
              aria-label="New file"
              placeholder="New file…"
              value={added}
              onChange={(event) => setAdded(event.currentTarget.value)}
            />
          </form>
        )}
      </div>
      {path !== undefined && <File key={path} slug={slug} path={path} />}
    </div>
  );
}

const isEntry = (path: string): boolean => /^index\.(ts|tsx|js|jsx|mjs)$/.test(path);

function File({ slug, path }: { readonly slug: string; readonly path: string }) {
  const may = useMay('developer');
  const toasts = useToasts();
  const file = useFileText(slug, path);
  const [draft, setDraft] = useState<string>();
  const save = useFunctionChange(
    (text: string) => saveFile(slug, path, text),
    () => {
      setDraft(undefined);
      toasts.done(`${path} is deployed; the next request runs it`);
    },
  );
  const remove = useFunctionChange(
    () => removeFile(slug, path),
    () => toasts.done(`${path} is removed`),
  );
  if (file.error) return <ErrorBox error={file.error} retry={() => void file.refetch()} />;
  if (file.data === undefined) return <Skeleton lines={8} />;
  const deploy = () => {
    if (draft !== undefined) save.mutate(draft, { onError: toasts.failed });
  };
  return (
    <div className={styles.main}>
      <Suspense fallback={<Skeleton lines={8} />}>
        <div className={styles.editor}>
          <CodeEditor
            label={path}
            path={path}
            value={draft ?? file.data}
            readOnly={!may}
            onChange={(text) => setDraft(text === file.data ? undefined : text)}
            onSave={deploy}
          />
        </div>
      </Suspense>
      {may && (
        <div className={styles.bar}>
          <Button kind="primary" disabled={draft === undefined || save.isPending} onClick={deploy}>
            {save.isPending ? 'Deploying…' : 'Deploy'}
          </Button>
          <Button disabled={draft === undefined} onClick={() => setDraft(undefined)}>
            Discard
          </Button>
          {!isEntry(path) && (
            <Button icon="trash" onClick={() => remove.mutate(undefined, { onError: toasts.failed })}>
              Remove the file
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
