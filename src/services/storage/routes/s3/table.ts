import { storageError } from '../../errors.ts';
import { type Answer, type Exchange, headerOf } from '../exchange.ts';
import type { Route } from '../route.ts';
import { authenticate } from './authenticate.ts';
import { bucketOperations, firstList } from './buckets.ts';
import { isForm, uploadForm } from './form-upload.ts';
import { multipartOperations } from './multipart.ts';
import { objectOperations } from './objects.ts';
import type { S3Operation } from './operation.ts';
import { asXmlError } from './respond.ts';

/** All operations; the first that fits wins. */
const operations: readonly S3Operation[] = [
  ...multipartOperations,
  ...bucketOperations,
  ...objectOperations,
  firstList,
];

/** Parameters that ask for operations which are not here; answering the plain one instead would be a lie. */
const unserved = [
  'acl',
  'policy',
  'cors',
  'lifecycle',
  'encryption',
  'object-lock',
  'retention',
  'legal-hold',
  'restore',
];

async function handle(exchange: Exchange, on: S3Operation['on']): Promise<Answer> {
  if (!exchange.context.settings.s3ProtocolEnabled)
    throw storageError('FeatureNotEnabled', { message: 'The feature s3_protocol is not enabled for this resource' });
  const { request, query, params } = exchange;
  if (on === 'bucket' && request.method === 'POST' && isForm(exchange))
    return uploadForm(exchange, params.bucket ?? '');
  const caller = await authenticate(exchange);
  const isUnserved = unserved.some((name) => query.has(name)) || (query.has('tagging') && request.method !== 'GET');
  const operation = operations.find(
    (each) =>
      each.method === request.method &&
      each.on === on &&
      (each.query ?? []).every((name) => query.has(name)) &&
      (each.header === undefined || headerOf(request, each.header) !== undefined),
  );
  if (!operation || isUnserved) throw storageError('NotImplemented');
  return operation.run({
    exchange,
    caller,
    scope: { ...caller.scope, operation: operation.name },
    bucket: params.bucket ?? '',
    key: params.name ?? '',
    query,
  });
}

const paths = { object: '/s3/:bucket/*', bucket: '/s3/:bucket', service: '/s3' } as const;

/** Routes of the S3 protocol, path style. */
export const s3Routes: readonly Route[] = (['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const).flatMap((method) =>
  (Object.keys(paths) as S3Operation['on'][]).map(
    (on): Route => ({
      method,
      path: paths[on],
      access: 'open',
      operation: '',
      renderError: asXmlError,
      handle: (exchange) => handle(exchange, on),
    }),
  ),
);
