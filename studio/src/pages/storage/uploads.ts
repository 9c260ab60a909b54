import { useCallback, useEffect, useRef, useState } from 'react';
import type { Upload } from 'tus-js-client';
import { joinPath } from './paths.ts';

/** A file under way. */
export interface UploadState {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly sent: number;
  readonly state: 'going' | 'paused' | 'done' | 'failed';
  readonly problem?: string;
}

/** What can be done with uploads. */
export interface Uploads {
  readonly all: readonly UploadState[];
  add(bucket: string, folder: string, files: readonly File[]): void;
  pause(id: number): void;
  resume(id: number): void;
  /** Stops one, or takes a finished one off the list. */
  remove(id: number): void;
}

// Storage wants pieces of this size, but for the last.
const pieceSize = 6 * 1024 * 1024;

/** Sends files in pieces (tus), so that what is broken off goes on where it was. @param onDone is called after each file */
export function useUploads(onDone: () => void): Uploads {
  const [all, setAll] = useState<readonly UploadState[]>([]);
  const running = useRef(new Map<number, Upload>());
  const next = useRef(0);
  const done = useRef(onDone);
  done.current = onDone;
  const put = useCallback(
    (id: number, part: Partial<UploadState>) =>
      setAll((before) => before.map((each) => (each.id === id ? { ...each, ...part } : each))),
    [],
  );
  useEffect(() => {
    const uploads = running.current;
    // Whoever leaves the page can go on later: the server keeps what it has.
    return () => {
      for (const upload of uploads.values()) void upload.abort();
      uploads.clear();
    };
  }, []);

  async function begin(id: number, bucket: string, path: string, file: File): Promise<void> {
    const { Upload } = await import('tus-js-client');
    const upload = new Upload(file, {
      endpoint: '/api/rooms/storage/upload/resumable',
      chunkSize: pieceSize,
      retryDelays: [500, 2_000, 5_000],
      headers: { 'x-studio-request': '1', 'x-upsert': 'true' },
      metadata: {
        bucketName: bucket,
        objectName: path,
        contentType: file.type || 'application/octet-stream',
        cacheControl: '3600',
      },
      uploadDataDuringCreation: true,
      removeFingerprintOnSuccess: true,
      onProgress: (sent) => put(id, { sent }),
      onSuccess() {
        running.current.delete(id);
        put(id, { state: 'done', sent: file.size });
        done.current();
      },
      onError: (error) => put(id, { state: 'failed', problem: error.message }),
    });
    running.current.set(id, upload);
    const former = (await upload.findPreviousUploads())[0];
    if (former) upload.resumeFromPreviousUpload(former);
    upload.start();
  }

  return {
    all,
    add(bucket, folder, files) {
      for (const file of files) {
        const id = next.current++;
        // Of a dropped folder the browser tells the path.
        const path = joinPath(folder, file.webkitRelativePath || file.name);
        setAll((before) => [...before, { id, path, size: file.size, sent: 0, state: 'going' }]);
        begin(id, bucket, path, file).catch((error: Error) => put(id, { state: 'failed', problem: error.message }));
      }
    },
    pause(id) {
      void running.current.get(id)?.abort();
      put(id, { state: 'paused' });
    },
    resume(id) {
      setAll((before) =>
        before.map((each) =>
          each.id === id ? { id, path: each.path, size: each.size, sent: each.sent, state: 'going' } : each,
        ),
      );
      running.current.get(id)?.start();
    },
    remove(id) {
      void running.current.get(id)?.abort();
      running.current.delete(id);
      setAll((before) => before.filter((each) => each.id !== id));
    },
  };
}
