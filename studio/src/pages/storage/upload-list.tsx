import { IconButton } from '../../design/button.tsx';
import { Card } from '../../design/layout.tsx';
import styles from './page.module.css';
import { sizeText } from './paths.ts';
import type { Uploads } from './uploads.ts';

/** Files under way, and those that have come. */
export function UploadList({ uploads }: { readonly uploads: Uploads }) {
  if (uploads.all.length === 0) return null;
  const open = uploads.all.filter(({ state }) => state !== 'done').length;
  return (
    <Card title={open === 0 ? 'Uploaded' : `Uploading ${open}`} flush>
      <div className={styles.uploads}>
        {uploads.all.map(({ id, path, size, sent, state, problem }) => (
          <div key={id} className={styles.upload}>
            <div>
              <span>{path}</span>
              {state !== 'done' && <progress aria-label={`Progress of ${path}`} max={Math.max(size, 1)} value={sent} />}
              <small>
                {state === 'failed'
                  ? problem
                  : state === 'done'
                    ? `${sizeText(size)}, done`
                    : `${sizeText(sent)} of ${sizeText(size)}${state === 'paused' ? ', paused' : ''}`}
              </small>
            </div>
            {state === 'going' && (
              <IconButton small icon="lock" label={`Pause ${path}`} onClick={() => uploads.pause(id)} />
            )}
            {(state === 'paused' || state === 'failed') && (
              <IconButton small icon="refresh" label={`Resume ${path}`} onClick={() => uploads.resume(id)} />
            )}
            <IconButton
              small
              icon="close"
              label={state === 'done' ? `Dismiss ${path}` : `Cancel ${path}`}
              onClick={() => uploads.remove(id)}
            />
          </div>
        ))}
      </div>
    </Card>
  );
}
