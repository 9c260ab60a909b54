import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { assertRobotsTag } from '../core/robots-tag.ts';
import { storageError } from '../errors.ts';
import { bodyOf, declaredLength, type Exchange, headerOf } from './exchange.ts';

/** What an upload's request says before its bytes. */
export interface UploadBody {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly robotsTag: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
  readonly contentLength: number | undefined;
  readonly source: AsyncIterable<Buffer>;
}

/** Bytes of a field of a form; user metadata has a limit of its own. */
const fieldSize = 64 * 1024;

/** Reads an upload up to its bytes. @throws NoContentProvided, EntityTooLarge, InvalidXRobotsTag */
export async function readUpload(exchange: Exchange): Promise<UploadBody> {
  const { request, context } = exchange;
  const robotsTag = headerOf(request, 'x-robots-tag');
  if (robotsTag !== undefined) assertRobotsTag(robotsTag);
  const limit = context.settings.userMetadataLimit;
  const type = headerOf(request, 'content-type');
  if (type !== undefined && /^multipart\/form-data\b/i.test(type))
    return { robotsTag, ...(await readForm(request, limit)) };
  const encoded = headerOf(request, 'x-metadata');
  return {
    contentType: type ?? 'application/octet-stream',
    cacheControl: headerOf(request, 'cache-control') ?? 'no-cache',
    robotsTag,
    userMetadata: encoded === undefined ? null : parseUserMetadata(Buffer.from(encoded, 'base64').toString(), limit),
    contentLength: declaredLength(request),
    source: bodyOf(request),
  };
}

/** Metadata that a user gives an object: any JSON object; what is none is passed over. @throws EntityTooLarge */
export function parseUserMetadata(text: string, limit: number): Readonly<Record<string, unknown>> | null {
  if (Buffer.byteLength(text) > limit)
    throw storageError('EntityTooLarge', { message: 'The user_metadata exceeded the maximum allowed size' });
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    // PostgreSQL has no such character.
    return isObject && !text.includes('\\u0000') ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

type FormBody = Omit<UploadBody, 'robotsTag'>;

/** Reads a form up to its file; what stands behind the file comes too late. */
function readForm(request: IncomingMessage, metadataLimit: number): Promise<FormBody> {
  return new Promise((resolve, reject) => {
    let parser: InstanceType<typeof Busboy>;
    const refuse = (cause: unknown) => reject(storageError('NoContentProvided', { message: messageOf(cause), cause }));
    try {
      parser = new Busboy({
        headers: request.headers as BusboyHeaders,
        limits: { files: 1, fields: 10, fieldSize: Math.max(fieldSize, metadataLimit + 1), headerPairs: 100 },
      });
    } catch (error) {
      refuse(error);
      return;
    }
    const fields = new Map<string, string>();
    let file: Readable | undefined;
    parser.on('field', (name: string, value: string) => {
      if (!file) fields.set(name, value);
    });
    parser.on('file', (_name: string, stream: Readable, _filename: string, _encoding: string, mimeType: string) => {
      file = stream;
      // A broken form or connection ends in the middle of the file.
      stream.on('error', () => {});
      try {
        resolve(formBody(fields, mimeType, stream, metadataLimit));
      } catch (error) {
        stream.resume();
        reject(error);
      }
    });
    parser.on('error', (error: unknown) => {
      file?.destroy(error as Error);
      refuse(error);
    });
    parser.on('finish', () => {
      if (!file) refuse(undefined);
    });
    finished(request, { writable: false }, (error) => {
      if (!error) return;
      file?.destroy(error);
      refuse(error);
    });
    request.pipe(parser);
  });
}

function formBody(
  fields: ReadonlyMap<string, string>,
  mimeType: string,
  stream: Readable,
  metadataLimit: number,
): FormBody {
  const metadata = fields.get('metadata') ?? fields.get('userMetadata');
  const seconds = fields.get('cacheControl');
  return {
    contentType: fields.get('contentType') ?? (mimeType || 'application/octet-stream'),
    cacheControl: seconds === undefined || seconds === '' ? 'no-cache' : `max-age=${seconds}`,
    userMetadata: metadata === undefined ? null : parseUserMetadata(metadata, metadataLimit),
    contentLength: undefined,
    source: stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>,
  };
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : 'No content provided');
