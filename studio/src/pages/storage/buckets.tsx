import { type FormEvent, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button, IconButton } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Confirm, Dialog } from '../../design/dialog.tsx';
import { Checkbox, TextField } from '../../design/field.tsx';
import { Menu } from '../../design/menu.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import {
  type Bucket,
  changeBucket,
  createBucket,
  deleteBucket,
  emptyBucket,
  useBuckets,
  useStorageChange,
} from './data.ts';
import styles from './page.module.css';
import { readSize, sizeText } from './paths.ts';

/** All buckets, to make, change, empty and delete. */
export function Buckets({ adding, onAdded }: { readonly adding: boolean; readonly onAdded: () => void }) {
  const buckets = useBuckets();
  const may = useMay('developer');
  const [, go] = useLocation();
  const [opened, setOpened] = useState<{ readonly bucket: Bucket; readonly what: 'change' | 'empty' | 'delete' }>();
  const close = () => setOpened(undefined);
  if (buckets.error) return <ErrorBox error={buckets.error} retry={() => void buckets.refetch()} />;
  if (!buckets.data) return <Skeleton lines={5} />;
  return (
    <>
      {buckets.data.length === 0 ? (
        <>
          <EmptyState icon="folder" title="There are no buckets yet">
            A bucket holds files. Make one here, or from a program:
          </EmptyState>
          <CodeBlock
            label="A bucket by supabase-js"
            code={`await supabase.storage.createBucket('photos', { public: true, fileSizeLimit: '10MB' })`}
          />
        </>
      ) : (
        <DataTable
          label="Buckets"
          rows={buckets.data}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Bucket', render: ({ id }) => <Link href={`/storage/${encodeURIComponent(id)}`}>{id}</Link> },
            {
              title: 'Who reads',
              render: (bucket) =>
                bucket.public ? <Badge kind="wait">everybody with the link</Badge> : <Badge>whom policies let</Badge>,
            },
            {
              title: 'Files up to',
              render: ({ file_size_limit: limit }) => (limit === null ? 'the general limit' : sizeText(limit)),
            },
            { title: 'Types', render: ({ allowed_mime_types: types }) => types?.join(', ') ?? 'all' },
            {
              title: 'Actions',
              quiet: true,
              render: (bucket) =>
                may && (
                  <Menu
                    label={`Actions for ${bucket.id}`}
                    items={[
                      { label: 'Settings…', icon: 'settings', onSelect: () => setOpened({ bucket, what: 'change' }) },
                      {
                        label: 'Policies',
                        icon: 'shield',
                        onSelect: () => go(`/storage/${encodeURIComponent(bucket.id)}?policies`),
                      },
                      {
                        label: 'Empty…',
                        danger: true,
                        line: true,
                        onSelect: () => setOpened({ bucket, what: 'empty' }),
                      },
                      {
                        label: 'Delete…',
                        icon: 'trash',
                        danger: true,
                        onSelect: () => setOpened({ bucket, what: 'delete' }),
                      },
                    ]}
                    trigger={(props) => <IconButton small icon="more" label={`Actions for ${bucket.id}`} {...props} />}
                  />
                ),
            },
          ]}
        />
      )}
      {adding && <BucketForm onClose={onAdded} />}
      {opened?.what === 'change' && <BucketForm bucket={opened.bucket} onClose={close} />}
      {(opened?.what === 'empty' || opened?.what === 'delete') && (
        <Clear bucket={opened.bucket} deletes={opened.what === 'delete'} onClose={close} />
      )}
    </>
  );
}

function Clear({
  bucket,
  deletes,
  onClose,
}: {
  readonly bucket: Bucket;
  readonly deletes: boolean;
  readonly onClose: () => void;
}) {
  const toasts = useToasts();
  const clear = useStorageChange(
    async () => {
      await emptyBucket(bucket.id);
      if (deletes) await deleteBucket(bucket.id);
    },
    () => {
      toasts.done(deletes ? `${bucket.id} is deleted` : `${bucket.id} is empty`);
      onClose();
    },
  );
  return (
    <Confirm
      title={deletes ? `Delete ${bucket.id}?` : `Empty ${bucket.id}?`}
      action={deletes ? 'Delete the bucket' : 'Delete all its files'}
      busy={clear.isPending}
      onClose={onClose}
      onConfirm={() => clear.mutate()}
    >
      <p>All files in it are deleted. This cannot be undone.</p>
      {clear.error && <ErrorBox error={clear.error} />}
    </Confirm>
  );
}

function BucketForm({ bucket, onClose }: { readonly bucket?: Bucket; readonly onClose: () => void }) {
  const toasts = useToasts();
  const [name, setName] = useState(bucket?.id ?? '');
  const [isPublic, setPublic] = useState(bucket?.public ?? false);
  const [size, setSize] = useState(bucket?.file_size_limit ? sizeText(bucket.file_size_limit) : '');
  const [types, setTypes] = useState(bucket?.allowed_mime_types?.join(', ') ?? '');
  const save = useStorageChange(
    async () => {
      const allowed = types
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '');
      const draft = {
        public: isPublic,
        file_size_limit: readSize(size),
        allowed_mime_types: allowed.length > 0 ? allowed : null,
      };
      await (bucket ? changeBucket(bucket.id, draft) : createBucket(name, draft));
    },
    () => {
      toasts.done(bucket ? `${name} is changed` : `There is a bucket ${name} now`);
      onClose();
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      title={bucket ? `Settings of ${bucket.id}` : 'New bucket'}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="bucket" disabled={save.isPending}>
            {bucket ? 'Save' : 'Make the bucket'}
          </Button>
        </>
      }
    >
      <form id="bucket" className={styles.form} onSubmit={submit}>
        {!bucket && (
          <TextField
            label="Name"
            required
            maxLength={100}
            hint="It stands in every link, and does not change."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <Checkbox
          label="Everybody who has a link may read (writing stays with policies)"
          checked={isPublic}
          onChange={(event) => setPublic(event.currentTarget.checked)}
        />
        <TextField
          label="Files up to"
          placeholder="50 MB; empty: the general limit"
          value={size}
          onChange={(event) => setSize(event.currentTarget.value)}
        />
        <TextField
          label="Types"
          placeholder="image/*, application/pdf; empty: all"
          value={types}
          onChange={(event) => setTypes(event.currentTarget.value)}
        />
      </form>
      {save.error && <ErrorBox error={save.error} />}
    </Dialog>
  );
}
