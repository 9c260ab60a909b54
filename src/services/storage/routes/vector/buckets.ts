import type { VectorBucket } from '../../sql/vectors/catalogue.ts';
import { fields, seconds, type VectorOperation } from './operation.ts';

const { vectorBucketName } = fields;

const bucketShape = { type: 'object', required: ['vectorBucketName'], properties: { vectorBucketName } } as const;

const shown = ({ name, createdAt }: VectorBucket) => ({ vectorBucketName: name, creationTime: seconds(createdAt) });

/** Operations on vector buckets. */
export const vectorBucketOperations: readonly VectorOperation[] = [
  {
    name: 'CreateVectorBucket',
    operation: 'bucket.create',
    shape: bucketShape,
    run: (store, scope, body) => store.createBucket(scope, body.vectorBucketName),
  },
  {
    name: 'DeleteVectorBucket',
    operation: 'bucket.delete',
    shape: bucketShape,
    run: (store, scope, body) => store.deleteBucket(scope, body.vectorBucketName),
  },
  {
    name: 'GetVectorBucket',
    operation: 'bucket.get',
    shape: bucketShape,
    run: async (store, scope, body) => ({ vectorBucket: shown(await store.getBucket(scope, body.vectorBucketName)) }),
  },
  {
    name: 'ListVectorBuckets',
    operation: 'bucket.list',
    shape: { type: 'object', properties: fields.names },
    run: async (store, scope, { prefix, nextToken, maxResults }) => {
      const page = await store.listBuckets(scope, { prefix, after: nextToken, limit: maxResults });
      return { vectorBuckets: page.found.map(shown), nextToken: page.nextToken };
    },
  },
];
