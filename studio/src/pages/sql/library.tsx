import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { Confirm, Dialog } from '../../design/dialog.tsx';
import { Input, TextField } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { Menu } from '../../design/menu.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useToasts } from '../../design/toast.tsx';
import { moveSnippet, removeSnippet, snippetsKey, useSnippets } from './data.ts';
import type { Run } from './history.ts';
import styles from './page.module.css';

/** Snippets and what was run before, to take up again. */
export function Library({
  current,
  history,
  onOpen,
  onTake,
  onMoved,
}: {
  readonly current: string | undefined;
  readonly history: readonly Run[];
  readonly onOpen: (path: string) => void;
  readonly onTake: (sql: string) => void;
  readonly onMoved: (from: string, to: string | undefined) => void;
}) {
  const [tab, setTab] = useState<'snippets' | 'history'>('snippets');
  return (
    <Tabs
      label="Library"
      value={tab}
      onChange={setTab}
      tabs={[
        {
          key: 'snippets',
          label: 'Snippets',
          content: () => <SnippetList current={current} onOpen={onOpen} onMoved={onMoved} />,
        },
        { key: 'history', label: 'History', content: () => <HistoryList history={history} onTake={onTake} /> },
      ]}
    />
  );
}

function SnippetList({
  current,
  onOpen,
  onMoved,
}: {
  readonly current: string | undefined;
  readonly onOpen: (path: string) => void;
  readonly onMoved: (from: string, to: string | undefined) => void;
}) {
  const snippets = useSnippets();
  const mayWork = useMay('developer');
  const client = useQueryClient();
  const toasts = useToasts();
  const [text, setText] = useState('');
  const [renaming, setRenaming] = useState<string>();
  const [removing, setRemoving] = useState<string>();
  if (snippets.error) return <ErrorBox error={snippets.error} retry={() => void snippets.refetch()} />;
  if (!snippets.data) return <Skeleton lines={4} />;
  if (snippets.data.length === 0)
    return (
      <p className={styles.note}>
        Nothing is kept yet. <kbd>Ctrl S</kbd> keeps what stands in the editor as a file in{' '}
        <code>volumes/snippets</code>.
      </p>
    );
  const found = snippets.data.filter(({ path }) => path.toLowerCase().includes(text.toLowerCase()));
  const after = async (work: Promise<void>, done: () => void) => {
    try {
      await work;
      await client.invalidateQueries({ queryKey: snippetsKey });
      done();
    } catch (error) {
      toasts.failed(error);
    }
  };
  return (
    <>
      <Input
        type="search"
        aria-label="Search snippets"
        placeholder="Search…"
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <ul className={styles.entries}>
        {found.map(({ path }) => {
          const [name = path, folder] = path.split('/').reverse();
          return (
            <li key={path}>
              <button
                type="button"
                aria-current={path === current ? 'true' : undefined}
                title={path}
                onClick={() => onOpen(path)}
              >
                <Icon name={folder === undefined ? 'terminal' : 'folder'} />
                <span>
                  {folder !== undefined && <small>{folder} / </small>}
                  {name}
                </span>
              </button>
              {mayWork && (
                <Menu
                  label={`Snippet ${path}`}
                  items={[
                    { label: 'Rename or move', icon: 'pencil', onSelect: () => setRenaming(path) },
                    { label: 'Remove', icon: 'trash', danger: true, onSelect: () => setRemoving(path) },
                  ]}
                  trigger={(props) => <IconButton small icon="more" label={`More about ${path}`} {...props} />}
                />
              )}
            </li>
          );
        })}
      </ul>
      {renaming !== undefined && (
        <PathDialog
          title="Rename the snippet"
          action="Rename"
          path={renaming}
          onChoose={(to) =>
            void after(moveSnippet(renaming, to), () => {
              onMoved(renaming, to);
              setRenaming(undefined);
            })
          }
          onClose={() => setRenaming(undefined)}
        />
      )}
      {removing !== undefined && (
        <Confirm
          title="Remove the snippet?"
          action="Remove"
          onConfirm={() =>
            void after(removeSnippet(removing), () => {
              onMoved(removing, undefined);
              setRemoving(undefined);
            })
          }
          onClose={() => setRemoving(undefined)}
        >
          <p>The file {removing}.sql is deleted for everybody.</p>
        </Confirm>
      )}
    </>
  );
}

/** Asks for the name of a snippet and the folder it stands in. */
export function PathDialog({
  title,
  action,
  path,
  onChoose,
  onClose,
}: {
  readonly title: string;
  readonly action: string;
  readonly path: string;
  readonly onChoose: (path: string) => void;
  readonly onClose: () => void;
}) {
  const [first = '', second] = path.split('/').reverse();
  const [name, setName] = useState(first);
  const [folder, setFolder] = useState(second ?? '');
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="snippet-path">
            {action}
          </Button>
        </>
      }
    >
      <form
        id="snippet-path"
        className={styles.assistant}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          onChoose(folder.trim() === '' ? name.trim() : `${folder.trim()}/${name.trim()}`);
        }}
      >
        <TextField label="Name" required value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} />
        <TextField
          label="Folder"
          hint="May be empty."
          value={folder}
          onChange={({ currentTarget }) => setFolder(currentTarget.value)}
        />
      </form>
    </Dialog>
  );
}

function HistoryList({
  history,
  onTake,
}: {
  readonly history: readonly Run[];
  readonly onTake: (sql: string) => void;
}) {
  if (history.length === 0) return <p className={styles.note}>What you run is listed here, in this browser alone.</p>;
  return (
    <ul className={styles.entries}>
      {history.map(({ sql, at, took, ok, rows }) => (
        <li key={at}>
          <button type="button" title={sql.slice(0, 1_000)} onClick={() => onTake(sql)}>
            <Icon name={ok ? 'check' : 'alert'} />
            <span>
              <code>{sql.replace(/\s+/g, ' ').slice(0, 120)}</code>
              <small>{`${new Date(at).toLocaleString()} · ${ok ? `${rows} rows · ${Math.round(took)} ms` : 'failed'}`}</small>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
