import type { StorageContext } from '../core/context.ts';
import { type Transformation, transformationShape, writeTransformation } from '../core/transformations.ts';
import { storageError } from '../errors.ts';
import { findNames, findObject } from '../sql/objects.ts';
import { scoped } from '../sql/scope.ts';
import { placeOf } from './download.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';
import { readJson } from './validate.ts';

/** Whether images are transformed here. */
export const transforms = ({ context, ports }: Pick<Exchange, 'context' | 'ports'>): boolean =>
  context.settings.imageTransformation && ports.transform !== undefined;

/** Making signed URLs. The caller must see the object now; whoever has the URL may read it until it expires. */
export const signRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/object/sign/:bucket',
    access: 'token',
    operation: 'storage.object.sign_many',
    handle: async (exchange) => {
      const { context, scope, params } = exchange;
      const bucketId = params.bucket as string;
      const { expiresIn, paths } = await readJson<{ expiresIn: number; paths: string[] }>(exchange, {
        type: 'object',
        required: ['expiresIn', 'paths'],
        properties: {
          expiresIn: { type: 'integer', minimum: 1, maximum: context.settings.signedUrlMaxExpiry },
          paths: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: context.settings.manyNames },
        },
      });
      const askable = paths.filter((path) => !path.includes('\0'));
      const found = await scoped(context.db, scope, (transaction) => findNames(transaction, bucketId, askable));
      return {
        json: paths.map((path) =>
          found.has(path)
            ? { error: null, path, signedURL: signedUrl(context, bucketId, path, expiresIn) }
            : {
                error: 'Either the object does not exist or you do not have access to it',
                path,
                signedURL: null,
              },
        ),
      };
    },
  },
  {
    method: 'POST',
    path: '/object/sign/:bucket/*',
    access: 'token',
    operation: 'storage.object.sign',
    handle: async (exchange) => {
      const { context, scope } = exchange;
      const { bucketId, name } = placeOf(exchange);
      const { expiresIn, transform } = await readJson<{ expiresIn: number; transform?: Transformation }>(exchange, {
        type: 'object',
        required: ['expiresIn'],
        properties: {
          expiresIn: { type: 'integer', minimum: 1, maximum: context.settings.signedUrlMaxExpiry },
          transform: transformationShape,
        },
      });
      if (name.includes('\0')) throw storageError('NoSuchKey');
      const found = await scoped(context.db, scope, (transaction) => findObject(transaction, bucketId, name));
      if (!found) throw storageError('NoSuchKey');
      const wish = transforms(exchange) ? transform : undefined;
      return { json: { signedURL: signedUrl(context, bucketId, name, expiresIn, wish) } };
    },
  },
];

function signedUrl(
  { urlTokens }: StorageContext,
  bucketId: string,
  name: string,
  seconds: number,
  transform: Transformation = {},
): string {
  const url = `${bucketId}/${name}`;
  const transformations = writeTransformation(transform);
  const isImage = transformations !== '' || transform.format !== undefined;
  const token = urlTokens.sign(
    'download',
    { url, ...(isImage && { transformations }), ...(transform.format && { format: transform.format }) },
    seconds,
  );
  return `/${isImage ? 'render/image' : 'object'}/sign/${url}?token=${token}`;
}
