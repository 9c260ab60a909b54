import { assertRobotsTag } from '../core/robots-tag.ts';
import { storageError } from '../errors.ts';
import type { StorageSettings } from '../settings.ts';
import { bodyOf, declaredLength, type Exchange, headerOf } from './exchange.ts';
import { type Form, type FormLimits, readForm } from './form.ts';

/** What an upload's request says before its bytes. */
export interface UploadBody {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly robotsTag: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
  readonly contentLength: number | undefined;
  readonly source: AsyncIterable<Buffer>;
}

/** Fields of a form at most, and bytes of one; user metadata has a limit of its own. */
const formFields = 10;
const fieldSize = 64 * 1024;

/** Reads an upload up to its bytes. @throws NoContentProvided, EntityTooLarge, InvalidXRobotsTag */
export async function readUpload(exchange: Exchange): Promise<UploadBody> {
  const { request, context } = exchange;
  const robotsTag = headerOf(request, 'x-robots-tag');
  if (robotsTag !== undefined) assertRobotsTag(robotsTag);
  const limit = context.settings.userMetadataLimit;
  const type = headerOf(request, 'content-type');
  if (type !== undefined && /^multipart\/form-data\b/i.test(type))
    return { robotsTag, ...formBody(await readForm(request, formLimits(context.settings)), limit) };
  const encoded = headerOf(request, 'x-metadata');
  return {
    contentType: type ?? 'application/octet-stream',
    cacheControl: headerOf(request, 'cache-control') ?? 'no-cache',
    robotsTag,
    userMetadata: encoded === undefined ? null : parseUserMetadata(Buffer.from(encoded, 'base64').toString(), limit),
    contentLength: declaredLength(request),
    source: bodyOf(exchange),
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

const formLimits = ({ userMetadataLimit, idleTimeout }: StorageSettings): FormLimits => ({
  fields: formFields,
  fieldSize: Math.max(fieldSize, userMetadataLimit + 1),
  idleTimeout,
});

type FormBody = Omit<UploadBody, 'robotsTag'>;

function formBody({ fields, mimeType, source }: Form, metadataLimit: number): FormBody {
  const metadata = fields.get('metadata') ?? fields.get('userMetadata');
  const seconds = fields.get('cacheControl');
  return {
    contentType: fields.get('contentType') ?? (mimeType || 'application/octet-stream'),
    cacheControl: seconds === undefined || seconds === '' ? 'no-cache' : `max-age=${seconds}`,
    userMetadata: metadata === undefined ? null : parseUserMetadata(metadata, metadataLimit),
    contentLength: undefined,
    source,
  };
}
