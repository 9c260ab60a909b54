import { useState } from 'react';
import { useProject } from '../../data/project.ts';
import { useMay } from '../../data/session.ts';
import { Button, buttonClass } from '../../design/button.tsx';
import { CopyValue } from '../../design/code-block.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { KeyValue } from '../../design/layout.tsx';
import { ErrorBox } from '../../design/states.tsx';
import { signObject, useBuckets, useStorageChange } from './data.ts';
import styles from './page.module.css';
import { type Entry, encodePath, sizeText } from './paths.ts';

const times = [
  [3_600, 'An hour'],
  [86_400, 'A day'],
  [604_800, 'A week'],
  [31_536_000, 'A year'],
] as const;

/** One file: what it looks like, its links, sizes of pictures. */
export function FileSheet({
  bucket,
  path,
  entry,
  onClose,
}: {
  readonly bucket: string;
  readonly path: string;
  readonly entry: Entry | undefined;
  readonly onClose: () => void;
}) {
  const project = useProject();
  const buckets = useBuckets();
  const [width, setWidth] = useState('');
  const address = `${encodeURIComponent(bucket)}/${encodePath(path)}`;
  const type = entry?.type ?? '';
  const source = `/api/rooms/storage/object/authenticated/${address}`;
  const pixels = Number(width);
  const resized = Number.isInteger(pixels) && pixels > 0 && pixels <= 2_500 ? pixels : undefined;
  const shown = resized ? `/api/rooms/storage/render/image/authenticated/${address}?width=${resized}` : source;
  const isPublic = buckets.data?.find(({ id }) => id === bucket)?.public === true;
  return (
    <Sheet title={path.split('/').at(-1) ?? path} onClose={onClose}>
      {type.startsWith('image/') && <img className={styles.picture} src={shown} alt={path} />}
      {type.startsWith('video/') && (
        // biome-ignore lint/a11y/useMediaCaption: whatever somebody uploaded has none
        <video className={styles.picture} src={source} controls />
      )}
      {type.startsWith('audio/') && (
        // biome-ignore lint/a11y/useMediaCaption: the same
        <audio src={source} controls />
      )}
      <KeyValue
        pairs={[
          ['Path', <CopyValue key="path" value={path} label="path" />],
          ['Size', sizeText(entry?.size)],
          ['Type', type || 'unknown'],
          ['Changed', entry?.changedAt ? new Date(entry.changedAt).toLocaleString() : '–'],
          ...(isPublic && project.data
            ? [
                [
                  'Public link',
                  <CopyValue
                    key="public"
                    value={`${project.data.url}/storage/v1/object/public/${address}`}
                    label="public link"
                  />,
                ] as const,
              ]
            : []),
        ]}
      />
      <div>
        <a className={buttonClass('secondary')} href={source} download={path.split('/').at(-1)}>
          <Icon name="arrow-down" />
          Download
        </a>
      </div>
      {type.startsWith('image/') && (
        <TextField
          label="Look at it in another width (pixels)"
          inputMode="numeric"
          placeholder="as it is"
          hint={
            resized
              ? `In links: /storage/v1/render/image/public/${address}?width=${resized}`
              : 'Pictures are made smaller on the way out, for public and for signed links.'
          }
          value={width}
          onChange={(event) => setWidth(event.currentTarget.value)}
        />
      )}
      <SignedLink bucket={bucket} path={path} base={project.data?.url ?? ''} />
    </Sheet>
  );
}

function SignedLink({ bucket, path, base }: { readonly bucket: string; readonly path: string; readonly base: string }) {
  const may = useMay('developer');
  const [seconds, setSeconds] = useState<number>(3_600);
  const [link, setLink] = useState<string>();
  const sign = useStorageChange(
    async () => setLink(`${base}/storage/v1${await signObject(bucket, path, seconds)}`),
    () => {},
  );
  if (!may) return null;
  return (
    <div className={styles.form}>
      <SelectField
        label="A link for somebody without an account, good for"
        value={seconds}
        onChange={(event) => setSeconds(Number(event.currentTarget.value))}
      >
        {times.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      <div>
        <Button icon="external" disabled={sign.isPending} onClick={() => sign.mutate()}>
          Make the link
        </Button>
      </div>
      {link !== undefined && <CopyValue value={link} label="signed link" />}
      {sign.error && <ErrorBox error={sign.error} />}
    </div>
  );
}
