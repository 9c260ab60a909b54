import { Readable } from 'node:stream';
import { toldFailure } from '../core/image-failures.ts';
import { findReadable, openObject, type ReadRight } from '../core/objects/read.ts';
import {
  describeOptions,
  imageOptions,
  readTransformation,
  type Transformation,
  transformationShape,
} from '../core/transformations.ts';
import { storageError } from '../errors.ts';
import type { ImageFailure, ImageSource } from '../ports.ts';
import { contentHeaders } from './content-headers.ts';
import { placeOf, requireToken } from './download.ts';
import { type Answer, type Exchange, headerOf } from './exchange.ts';
import type { Route } from './route.ts';
import { transforms } from './sign.ts';
import { readQuery } from './validate.ts';

async function render(
  exchange: Exchange,
  right: ReadRight,
  wish: (bucketId: string, name: string) => Promise<{ wish: Transformation; expires?: number }>,
): Promise<Answer> {
  const { context, ports, request, response, query } = exchange;
  if (!transforms(exchange) || !ports.transform)
    throw storageError('FeatureNotEnabled', {
      message: 'The feature image_transformation is not enabled for this resource',
    });
  const { bucketId, name } = placeOf(exchange);
  const asked = await wish(bucketId, name);
  const { settings } = context;
  const options = imageOptions(asked.wish, { min: settings.imageMinSize, max: settings.imageMaxSize });
  const find = async () => (await findReadable(exchange, bucketId, name, right)).object;
  const { object, content } = await openObject(context, await find(), find);
  await content.close();
  const source: ImageSource = {
    version: object.version ?? object.id,
    size: content.size,
    contentType: object.metadata?.mimetype ?? 'application/octet-stream',
    async open() {
      const opened = await context.store.open({ bucketId, name, version: object.version });
      if (!opened) throw storageError('NoSuchContent');
      const read = await opened.read();
      return Buffer.isBuffer(read) ? Readable.from([read]) : read;
    },
    url: () => context.store.privateUrl({ bucketId, name, version: object.version }),
  };
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  const accept = options.format === 'origin' ? undefined : headerOf(request, 'accept');
  const image = await ports
    .transform(source, { ...options, ...(accept !== undefined && { accept }), signal: leaving.signal })
    .catch((error: unknown) => {
      throw asImageError(error);
    });
  const head = contentHeaders({
    object,
    method: request.method ?? 'GET',
    headers: request.headers,
    download: query.get('download'),
    expires: asked.expires,
    etagHeaders: settings.etagHeaders,
    sMaxAge: settings.responseSMaxAge,
  });
  const { 'accept-ranges': _ranges, ...headers } = head;
  return {
    headers: {
      ...headers,
      ...pick(image.headers, ['content-type', 'content-length', 'last-modified', 'content-security-policy']),
      ...(options.format !== 'origin' && { vary: 'Accept' }),
      'x-transformations': describeOptions(options),
    },
    ...(Buffer.isBuffer(image.body) ? { bytes: image.body } : { stream: image.body }),
  };
}

function asImageError(error: unknown) {
  const { status, message = '', details } = error as Partial<ImageFailure>;
  if (typeof status !== 'number') return error;
  const told = toldFailure(status, [...(typeof details === 'string' ? [details] : []), message]);
  return storageError(told.status < 500 ? 'InvalidImageRequest' : 'ImageFailed', { ...told, cause: error });
}

const pick = (headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));

const fromQuery = (exchange: Exchange) => async () => ({
  wish: readQuery<Transformation>(exchange, transformationShape),
});

/** Transformed images. */
export const renderRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/render/image/public/:bucket/*',
    access: 'open',
    operation: 'storage.render.image_public',
    handle: (exchange) => render(exchange, 'public', fromQuery(exchange)),
  },
  {
    method: 'GET',
    path: '/render/image/authenticated/:bucket/*',
    access: 'token',
    operation: 'storage.render.image_authenticated',
    handle: (exchange) => render(exchange, 'caller', fromQuery(exchange)),
  },
  {
    method: 'GET',
    path: '/render/image/sign/:bucket/*',
    access: 'open',
    operation: 'storage.render.image_sign',
    handle: (exchange) =>
      render(exchange, 'signed', async (bucketId, name) => {
        const token = requireToken(exchange);
        const signed = await exchange.context.urlTokens.verify('download', token, `${bucketId}/${name}`);
        return { wish: readTransformation(signed.transformations ?? '', signed.format), expires: signed.expires };
      }),
  },
];
