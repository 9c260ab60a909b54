import { limited } from '../../core/content/limited.ts';
import { requireBucket } from '../../core/objects/admit.ts';
import { upload } from '../../core/objects/upload.ts';
import { ownerOfScope } from '../../core/owner.ts';
import { storageError } from '../../errors.ts';
import { assertPolicy, parsePostPolicy } from '../../wire/s3/post-policy.ts';
import { type Answer, type Exchange, headerOf, publicBase } from '../exchange.ts';
import { readForm } from '../form.ts';
import { authenticateForm } from './authenticate.ts';
import { xml } from './respond.ts';

/** Fields of a form at most, and bytes of one. */
const formFields = 64;
const fieldSize = 64 * 1024;

/** Whether a request brings a form. */
export const isForm = ({ request }: Exchange): boolean =>
  /^multipart\/form-data\b/i.test(headerOf(request, 'content-type') ?? '');

/** An upload by a form of a page: who made the form signed what it may be used for (Amazon S3, "POST Object"). */
export async function uploadForm(exchange: Exchange, bucket: string): Promise<Answer> {
  const { context, request } = exchange;
  const form = await readForm(request, {
    fields: formFields,
    fieldSize,
    idleTimeout: context.settings.idleTimeout,
  });
  const fields = new Map([...form.fields].map(([name, value]) => [name.toLowerCase(), value]));
  fields.set('bucket', bucket);
  const needed = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined)
      throw storageError('MalformedPOSTRequest', { message: `Bucket POST must contain a field named '${name}'.` });
    return value;
  };
  const scope = { ...(await authenticateForm(exchange, fields, needed('policy'))), operation: 'storage.s3.upload' };
  const policy = parsePostPolicy(needed('policy'));
  assertPolicy(policy, fields, context.clock.now());
  const key = needed('key').replaceAll('$' + '{filename}', form.filename);
  const row = await upload(context, scope, {
    bucket: await requireBucket(context, scope, bucket),
    name: key,
    isUpsert: true,
    owner: ownerOfScope(scope),
    contentType: fields.get('content-type') ?? 'application/octet-stream',
    cacheControl: fields.get('cache-control') ?? 'no-cache',
    userMetadata: userMetadata(fields),
    contentLength: undefined,
    by: 'Post',
    source: atLeast(limited(form.source, policy.size.max), policy.size.min),
  });
  return answer(exchange, fields, { bucket, key, etag: row.metadata?.eTag ?? '' });
}

function userMetadata(fields: ReadonlyMap<string, string>): Readonly<Record<string, string>> | null {
  const prefix = 'x-amz-meta-';
  const found = [...fields].filter(([name]) => name.startsWith(prefix));
  return found.length === 0
    ? null
    : Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

async function* atLeast(source: AsyncIterable<Buffer>, min: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    yield chunk;
  }
  if (size < min) throw storageError('EntityTooSmall');
}

function answer(
  exchange: Exchange,
  fields: ReadonlyMap<string, string>,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
): Answer {
  const path = `${bucket}/${encodeURIComponent(key).replaceAll('%2F', '/')}`;
  const location = `${publicBase(exchange)}${exchange.prefix}/s3/${path}`;
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (redirect !== undefined && URL.canParse(redirect)) {
    const target = new URL(redirect);
    for (const [name, value] of Object.entries({ bucket, key, etag })) target.searchParams.set(name, value);
    return { status: 303, headers: { location: target.href, etag } };
  }
  const headers = { etag, location };
  const status = fields.get('success_action_status');
  if (status === '201')
    return {
      ...xml('PostResponse', { Location: location, Bucket: bucket, Key: key, ETag: etag }, headers),
      status: 201,
    };
  return { status: status === '200' ? 200 : 204, headers };
}
