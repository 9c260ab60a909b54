import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { patient } from '../core/content/limited.ts';
import { storageError } from '../errors.ts';

/** A form up to its file; what stands behind the file comes too late. */
export interface Form {
  /** Names as they came. */
  readonly fields: ReadonlyMap<string, string>;
  readonly filename: string;
  /** Of the file's part; empty where it says none. */
  readonly mimeType: string;
  readonly source: AsyncIterable<Buffer>;
}

/** How large a form's head may be. */
export interface FormLimits {
  readonly fields: number;
  /** Bytes of a field. */
  readonly fieldSize: number;
  /** Milliseconds the client may send nothing. */
  readonly idleTimeout: number;
}

/** Reads a form (RFC 7578) up to its file. @throws NoContentProvided, RequestTimeout */
export function readForm(request: IncomingMessage, limits: FormLimits): Promise<Form> {
  return new Promise((resolve, reject) => {
    let parser: InstanceType<typeof Busboy>;
    const refuse = (cause: unknown) => reject(storageError('NoContentProvided', { message: messageOf(cause), cause }));
    try {
      parser = new Busboy({
        headers: request.headers as BusboyHeaders,
        limits: { files: 1, fields: limits.fields, fieldSize: limits.fieldSize, headerPairs: 100 },
      });
    } catch (error) {
      refuse(error);
      return;
    }
    const fields = new Map<string, string>();
    let file: Readable | undefined;
    const timer = setTimeout(() => reject(storageError('RequestTimeout')), limits.idleTimeout);
    parser.on('field', (name: string, value: string) => {
      if (file) return;
      fields.set(name, value);
      timer.refresh();
    });
    parser.on('file', (_name: string, stream: Readable, filename: string, _encoding: string, mimeType: string) => {
      clearTimeout(timer);
      file = stream;
      // A broken form or connection ends in the middle of the file.
      stream.on('error', () => {});
      const source = patient(stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>, limits.idleTimeout);
      resolve({ fields, filename: filename ?? '', mimeType: mimeType ?? '', source });
    });
    parser.on('error', (error: unknown) => {
      file?.destroy(error as Error);
      refuse(error);
    });
    parser.on('finish', () => {
      if (!file) refuse(undefined);
    });
    finished(request, { writable: false }, (error) => {
      clearTimeout(timer);
      if (!error) return;
      file?.destroy(error);
      refuse(error);
    });
    request.pipe(parser);
  });
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : 'No content provided');
