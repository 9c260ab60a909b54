import type { VectorStore } from '../../core/vectors/vector-store.ts';
import { storageError } from '../../errors.ts';
import { type Exchange, headerOf, identify } from '../exchange.ts';
import { trueStatus } from '../render-error.ts';
import type { Route } from '../route.ts';
import { authenticate } from '../s3/authenticate.ts';
import { parseJson, readWhole, validate } from '../validate.ts';
import { vectorBucketOperations } from './buckets.ts';
import { vectorIndexOperations } from './indexes.ts';
import type { VectorOperation } from './operation.ts';
import { vectorOperations } from './vectors.ts';

const operations = [...vectorBucketOperations, ...vectorIndexOperations, ...vectorOperations];

/**
 * Who asks, and what: by a token, or by a signature for service `s3vectors`, which covers the body.
 *
 * @throws ServiceRoleOnly, AccessDenied, SignatureDoesNotMatch
 */
async function admit(exchange: Exchange): Promise<Buffer> {
  const { context, verifier, request } = exchange;
  const isSigned = headerOf(request, 'authorization')?.startsWith('AWS4-HMAC-SHA256 ') ?? false;
  if (isSigned) {
    const body = await readWhole(exchange, context.settings.vectorBodyLimit);
    const { scope } = await authenticate(exchange, 's3vectors', body);
    if (scope.role !== 'service_role') throw storageError('ServiceRoleOnly');
    return body;
  }
  const { role } = await identify(context, verifier, 'token', request.headers.authorization);
  if (role !== 'service_role') throw storageError('ServiceRoleOnly');
  return readWhole(exchange, context.settings.vectorBodyLimit);
}

async function handle(exchange: Exchange, store: VectorStore, { shape, run }: VectorOperation) {
  const body = await admit(exchange);
  if (!exchange.context.settings.vectorEnabled) throw disabled();
  const json = await run(store, exchange.scope, validate(parseJson(exchange, body), shape, 'body', false));
  return json === undefined ? {} : { json };
}

const disabled = () =>
  storageError('FeatureNotEnabled', { message: 'The feature vectorBuckets is not enabled for this resource' });

/** The operations of S3 Vectors on vector buckets, for the service role. */
export const vectorRoutes = (store: VectorStore): readonly Route[] =>
  operations.map(
    (operation): Route => ({
      method: 'POST',
      path: `/vector/${operation.name}`,
      access: 'open',
      operation: `storage.vector.${operation.operation}`,
      renderError: trueStatus,
      handle: (exchange) => handle(exchange, store, operation),
    }),
  );
