import type { Readable } from 'node:stream';
import type { DataStore, Upload as TusUpload } from '@tus/server';
import type { ContentRef } from '../../core/content/content-store.ts';
import { patient } from '../../core/content/limited.ts';
import type { StorageContext } from '../../core/context.ts';
import { endUpload, findUpload } from '../../core/resumable.ts';
import { storageError } from '../../errors.ts';
import type { Upload } from '../../sql/uploads.ts';

/** The parts of the library that are needed; it is loaded on first use. */
export type TusLibrary = Pick<typeof import('@tus/server'), 'DataStore' | 'Upload' | 'ERRORS' | 'Server'>;

const extensions = ['creation', 'creation-with-upload', 'creation-defer-length', 'termination', 'expiration'];

/** Resumable uploads as the library wants them kept: what is known of one in the database, its bytes in the backend. */
export function createTusStore({ DataStore, Upload, ERRORS }: TusLibrary, context: StorageContext): DataStore {
  const require = async (version: string): Promise<Upload> => {
    const upload = await findUpload(context, version);
    if (!upload) throw ERRORS.FILE_NOT_FOUND;
    return upload;
  };
  const refOf = ({ bucketId, name, version }: Upload): ContentRef => ({ bucketId, name, version });

  class Store extends DataStore {
    override extensions = extensions;

    override async create(upload: TusUpload): Promise<TusUpload> {
      const createdAt = await context.db.transaction((transaction) =>
        context.uploads.insert(transaction, {
          version: upload.id,
          size: upload.size,
          metadata: upload.metadata ?? {},
        }),
      );
      upload.creation_date = createdAt.toISOString();
      return upload;
    }

    override async write(source: Readable, version: string, offset: number): Promise<number> {
      // Were the source destroyed here, the library would report that, and not what went wrong.
      const pieces = source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      const body = patient(pieces, context.settings.idleTimeout);
      return context.store.grow(refOf(await require(version)), offset, body);
    }

    override async getUpload(version: string): Promise<TusUpload> {
      const upload = await require(version);
      const offset = upload.isComplete ? (upload.size ?? 0) : ((await context.store.grown(refOf(upload))) ?? 0);
      return new Upload({
        id: version,
        offset,
        ...(upload.size !== undefined && { size: upload.size }),
        metadata: { ...upload.metadata },
        creation_date: upload.createdAt.toISOString(),
      });
    }

    override async declareUploadLength(version: string, size: number): Promise<void> {
      await context.db.transaction((transaction) => context.uploads.setSize(transaction, version, size));
    }

    override async remove(version: string): Promise<void> {
      const upload = await require(version);
      if (upload.isComplete)
        throw storageError('InvalidRequest', { message: 'Cannot terminate an already completed upload' });
      await endUpload(context, upload);
    }

    override getExpiration(): number {
      return context.settings.tusExpiry;
    }
  }
  return new Store();
}
