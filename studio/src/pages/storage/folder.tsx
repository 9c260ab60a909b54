import { type DragEvent, useRef, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useMay } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Confirm } from '../../design/dialog.tsx';
import { Input } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { deleteObjects, moveObject, objectsBelow, useFolder, useRefresh, useStorageChange } from './data.ts';
import { FileSheet } from './file-sheet.tsx';
import { MoveDialog } from './move-dialog.tsx';
import styles from './page.module.css';
import { type Entry, encodePath, joinPath, movedPath, sizeText, stepsTo } from './paths.ts';
import { UploadList } from './upload-list.tsx';
import { useUploads } from './uploads.ts';

/** Files of a folder: to look through, upload to, move, copy and delete. */
export function Folder({ bucket, folder }: { readonly bucket: string; readonly folder: string }) {
  const [, go] = useLocation();
  const may = useMay('developer');
  const opened = new URLSearchParams(useSearch()).get('file');
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<'delete' | 'move' | 'copy'>();
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const toasts = useToasts();
  const listing = useFolder(bucket, folder, search);
  const uploads = useUploads(useRefresh());
  const entries = listing.data?.pages.flat() ?? [];
  const picked = entries.filter(({ path }) => chosen.has(path));
  const finish = (text: string) => {
    toasts.done(text);
    setChosen(new Set());
    setAsked(undefined);
  };
  const remove = useStorageChange(
    async () => {
      const paths = (await Promise.all(picked.map((each) => filesOf(bucket, each)))).flat();
      for (let at = 0; at < paths.length; at += 1_000) await deleteObjects(bucket, paths.slice(at, at + 1_000));
    },
    () => finish(`${picked.length === 1 ? picked[0]?.name : `${picked.length} entries`} deleted`),
  );
  const move = useStorageChange(
    async ({ how, to }: { readonly how: 'move' | 'copy'; readonly to: string }) => {
      const single = picked.length === 1 ? picked[0] : undefined;
      if (single) {
        for (const path of await filesOf(bucket, single))
          await moveObject(how, bucket, path, single.isFolder ? movedPath(path, single.path, to) : to);
        return;
      }
      for (const entry of picked)
        for (const path of await filesOf(bucket, entry))
          await moveObject(how, bucket, path, movedPath(path, folder, to));
    },
    ({ how }) => finish(how === 'move' ? 'Moved' : 'Copied'),
  );
  const at = (path: string) => `/storage/${encodeURIComponent(bucket)}${path === '' ? '' : `/${encodePath(path)}`}`;
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (may) uploads.add(bucket, folder, [...event.dataTransfer.files]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files are dropped here; by keyboard there is a button
    <div
      className={styles.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        if (may) setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className={styles.bar}>
        <nav className={styles.steps} aria-label="Folder">
          <Link href="/storage">Buckets</Link>
          <Icon name="chevron-right" />
          <Link href={at('')}>{bucket}</Link>
          {stepsTo(folder).map(({ name, path }) => (
            <span key={path} className={styles.name}>
              <Icon name="chevron-right" />
              <Link href={at(path)}>{name}</Link>
            </span>
          ))}
        </nav>
        <Input
          type="search"
          aria-label="Search this folder"
          placeholder="Search…"
          style={{ flex: '0 1 12rem' }}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        {may && (
          <>
            <input
              ref={input}
              type="file"
              multiple
              hidden
              aria-label="Files to upload"
              onChange={(event) => {
                uploads.add(bucket, folder, [...(event.currentTarget.files ?? [])]);
                event.currentTarget.value = '';
              }}
            />
            <Button kind="primary" icon="plus" onClick={() => input.current?.click()}>
              Upload
            </Button>
          </>
        )}
      </div>
      {may && picked.length > 0 && (
        <div className={styles.bar}>
          <Button onClick={() => setAsked('move')}>{picked.length === 1 ? 'Move or rename…' : 'Move…'}</Button>
          <Button onClick={() => setAsked('copy')}>Copy…</Button>
          <Button kind="danger" icon="trash" onClick={() => setAsked('delete')}>
            Delete {picked.length}
          </Button>
        </div>
      )}
      <UploadList uploads={uploads} />
      {listing.error ? (
        <ErrorBox error={listing.error} retry={() => void listing.refetch()} />
      ) : !listing.data ? (
        <Skeleton lines={6} />
      ) : entries.length === 0 ? (
        <EmptyState icon="folder" title={search === '' ? 'Nothing here yet' : 'Nothing is called that'}>
          {may ? 'Drop files here, or choose Upload. Large ones go in pieces, and go on where they were.' : undefined}
        </EmptyState>
      ) : (
        <DataTable
          label="Files"
          rows={entries}
          keyOf={({ path }) => path}
          columns={[
            {
              title: 'Choose',
              quiet: true,
              render: ({ path, name }) => (
                <input
                  type="checkbox"
                  aria-label={`Choose ${name}`}
                  checked={chosen.has(path)}
                  onChange={(event) => {
                    const next = new Set(chosen);
                    if (event.currentTarget.checked) next.add(path);
                    else next.delete(path);
                    setChosen(next);
                  }}
                />
              ),
            },
            {
              title: 'Name',
              render: (entry) => (
                <span className={styles.name}>
                  <Icon name={entry.isFolder ? 'folder' : 'list'} />
                  {entry.isFolder ? (
                    <Link href={at(entry.path)}>{entry.name}</Link>
                  ) : (
                    <Link href={`${at(folder)}?file=${encodeURIComponent(entry.name)}`}>{entry.name}</Link>
                  )}
                </span>
              ),
            },
            { title: 'Size', render: ({ size, isFolder }) => (isFolder ? '–' : sizeText(size)) },
            { title: 'Type', render: ({ type, isFolder }) => (isFolder ? 'folder' : (type ?? '–')) },
            {
              title: 'Changed',
              render: ({ changedAt }) => (
                <span className={styles.time}>{changedAt === null ? '–' : new Date(changedAt).toLocaleString()}</span>
              ),
            },
          ]}
        />
      )}
      {listing.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={listing.isFetchingNextPage} onClick={() => void listing.fetchNextPage()}>
            More
          </Button>
        </div>
      )}
      {asked === 'delete' && (
        <Confirm
          title={picked.length === 1 ? `Delete ${picked[0]?.name}?` : `Delete ${picked.length} entries?`}
          action="Delete"
          busy={remove.isPending}
          onClose={() => setAsked(undefined)}
          onConfirm={() => remove.mutate()}
        >
          <p>Folders go with everything in them. This cannot be undone.</p>
          {remove.error && <ErrorBox error={remove.error} />}
        </Confirm>
      )}
      {(asked === 'move' || asked === 'copy') && (
        <MoveDialog
          how={asked}
          from={picked.length === 1 ? (picked[0]?.path ?? '') : folder}
          isFile={picked.length === 1}
          busy={move.isPending}
          error={move.error}
          onClose={() => {
            setAsked(undefined);
            move.reset();
          }}
          onMove={(to) => move.mutate({ how: asked, to })}
        />
      )}
      {opened !== null && (
        <FileSheet
          bucket={bucket}
          path={joinPath(folder, opened)}
          entry={entries.find(({ name }) => name === opened)}
          onClose={() => go(at(folder))}
        />
      )}
    </div>
  );
}

const filesOf = async (bucket: string, entry: Entry): Promise<readonly string[]> =>
  entry.isFolder ? objectsBelow(bucket, entry.path) : [entry.path];
