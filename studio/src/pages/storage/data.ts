import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { room } from '../../data/client.ts';
import { type Entry, encodePath, entriesOf, type ListedObject } from './paths.ts';

/** A bucket. */
export interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly public: boolean;
  readonly file_size_limit: number | null;
  readonly allowed_mime_types: readonly string[] | null;
  readonly created_at: string;
}

/** What a bucket may be made or changed to. */
export interface BucketDraft {
  readonly public: boolean;
  readonly file_size_limit: number | null;
  readonly allowed_mime_types: readonly string[] | null;
}

const key = ['storage'];
const pageSize = 100;

/** All buckets. */
export const useBuckets = () =>
  useQuery({
    queryKey: [...key, 'buckets'],
    queryFn: ({ signal }) => room<Bucket[]>('storage', '/bucket', { signal }),
  });

/** What is in a folder, a page at a time. */
export const useFolder = (bucket: string, folder: string, search: string) =>
  useInfiniteQuery({
    queryKey: [...key, 'folder', bucket, folder, search],
    queryFn: async ({ pageParam, signal }) =>
      entriesOf(
        await room<ListedObject[]>('storage', `/object/list/${encodeURIComponent(bucket)}`, {
          method: 'POST',
          body: {
            prefix: folder,
            search,
            limit: pageSize,
            offset: pageParam,
            sortBy: { column: 'name', order: 'asc' },
          },
          signal,
        }),
        folder,
      ),
    initialPageParam: 0,
    getNextPageParam: (last: readonly Entry[], pages) => (last.length < pageSize ? undefined : pages.length * pageSize),
  });

/** Something done to storage, after which what is shown of it is asked for again. */
export function useStorageChange<Given = void>(
  change: (given: Given) => Promise<unknown>,
  done: (given: Given) => void,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: key }),
    onSuccess: (_answer, given) => done(given),
  });
}

/** Asks for everything shown of storage again. */
export function useRefresh(): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: key });
}

/** Makes a bucket. */
export const createBucket = (id: string, draft: BucketDraft): Promise<unknown> =>
  room('storage', '/bucket', { method: 'POST', body: { id, name: id, ...draft } });

/** Changes a bucket. */
export const changeBucket = (id: string, draft: BucketDraft): Promise<unknown> =>
  room('storage', `/bucket/${encodeURIComponent(id)}`, { method: 'PUT', body: draft });

/** Deletes everything in a bucket. */
export const emptyBucket = (id: string): Promise<unknown> =>
  room('storage', `/bucket/${encodeURIComponent(id)}/empty`, { method: 'POST', body: {} });

/** Deletes an empty bucket. */
export const deleteBucket = (id: string): Promise<unknown> =>
  room('storage', `/bucket/${encodeURIComponent(id)}`, { method: 'DELETE', body: {} });

/** Deletes objects. */
export const deleteObjects = (bucket: string, paths: readonly string[]): Promise<unknown> =>
  room('storage', `/object/${encodeURIComponent(bucket)}`, { method: 'DELETE', body: { prefixes: paths } });

/** Moves or copies an object within its bucket. */
export const moveObject = (how: 'move' | 'copy', bucket: string, from: string, to: string): Promise<unknown> =>
  room('storage', `/object/${how}`, {
    method: 'POST',
    body: { bucketId: bucket, sourceKey: from, destinationKey: to },
  });

/** Paths of all objects below a folder. @throws Error beyond `most` */
export async function objectsBelow(bucket: string, folder: string, most = 10_000): Promise<readonly string[]> {
  const found: string[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (let offset = 0; ; offset += pageSize) {
      const page = entriesOf(
        await room<ListedObject[]>('storage', `/object/list/${encodeURIComponent(bucket)}`, {
          method: 'POST',
          body: { prefix: next, limit: pageSize, offset, sortBy: { column: 'name', order: 'asc' } },
        }),
        next,
      );
      for (const entry of page) (entry.isFolder ? folders : found).push(entry.path);
      if (found.length + folders.length > most) throw new Error(`There are more than ${most} files in it`);
      if (page.length < pageSize) break;
    }
  }
  return found;
}

/** A link that works for a while without a key. @returns its path below the storage's address */
export const signObject = async (bucket: string, path: string, seconds: number): Promise<string> =>
  (
    await room<{ signedURL: string }>('storage', `/object/sign/${encodeURIComponent(bucket)}/${encodePath(path)}`, {
      method: 'POST',
      body: { expiresIn: seconds },
    })
  ).signedURL;
