import { requestContext } from '#kernel/http';
import { storageError } from '../errors.ts';
import { asService, scoped } from '../sql/scope.ts';
import type { Exchange } from './exchange.ts';
import { asIcebergError } from './render-error.ts';
import type { Route } from './route.ts';

/** Milliseconds a CDN may take to answer. */
const purgeTimeout = 10_000;

async function purge(exchange: Exchange): Promise<void> {
  const { context, ports } = exchange;
  const { cdnPurgeUrl, cdnPurgeKey, tenantId } = context.settings;
  if (cdnPurgeUrl === undefined || cdnPurgeKey === undefined)
    throw storageError('MissingParameter', { message: 'Missing Required Parameter CDN_PURGE_ENDPOINT_URL is not set' });
  const { bucket: bucketId, name: objectName } = exchange.params;
  const transformations = exchange.query.get('transformations') === 'true';
  const answer = await ports.egress.request(`${cdnPurgeUrl}/purge`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cdnPurgeKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      tenant: { ref: tenantId },
      bucketId,
      objectName,
      ...(transformations && { transformations }),
    }),
    timeout: purgeTimeout,
    maxBytes: 64 * 1024,
    byOperator: true,
  });
  if (answer.status >= 300)
    throw storageError('InternalError', {
      message: 'Error purging cache',
      cause: new Error(`status ${answer.status}`),
    });
}

/** What is about the service and not about objects, and what it does not do. */
export const serviceRoutes: readonly Route[] = [
  { method: 'GET', path: '/status', access: 'open', operation: '', handle: () => ({}) },
  {
    method: 'GET',
    path: '/version',
    access: 'open',
    operation: '',
    handle: ({ context }) => ({
      text: context.settings.version,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    }),
  },
  {
    method: 'GET',
    path: '/health',
    access: 'token',
    operation: '',
    handle: async ({ context, scope, request }) => {
      try {
        await scoped(context.db, asService(scope), (transaction) =>
          transaction.query('select id from storage.buckets limit 1'),
        );
        await context.store.check();
        return { json: { healthy: true } };
      } catch (error) {
        context.log.error({ reqId: requestContext(request).id, err: error }, 'storage is not healthy');
        return { json: { healthy: false } };
      }
    },
  },
  // Everything, a bucket, or an object.
  ...['/cdn', '/cdn/:bucket', '/cdn/:bucket/*'].map(
    (path): Route => ({
      method: 'DELETE',
      path,
      access: 'service',
      operation: 'storage.object.purge_cache',
      handle: async (exchange) => {
        await purge(exchange);
        return { json: { message: 'success' } };
      },
    }),
  ),
  ...(['GET', 'POST', 'DELETE', 'HEAD'] as const).map(
    (method): Route => ({
      method,
      path: '/iceberg/*',
      access: 'service',
      operation: '',
      renderError: asIcebergError,
      handle: () => {
        throw storageError('FeatureNotEnabled', { message: 'The feature iceberg is not enabled for this resource' });
      },
    }),
  ),
];
