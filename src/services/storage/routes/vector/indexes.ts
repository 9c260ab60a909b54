import { fields, seconds, type VectorOperation } from './operation.ts';

const { vectorBucketName, indexName } = fields;

const indexShape = {
  type: 'object',
  required: ['vectorBucketName', 'indexName'],
  properties: { vectorBucketName, indexName },
} as const;

/** Operations on indexes of vectors. */
export const vectorIndexOperations: readonly VectorOperation[] = [
  {
    name: 'CreateIndex',
    operation: 'index.create',
    shape: {
      type: 'object',
      required: ['dataType', 'dimension', 'distanceMetric', 'indexName', 'vectorBucketName'],
      properties: {
        vectorBucketName,
        indexName,
        dataType: { type: 'string', enum: ['float32'] },
        dimension: { type: 'integer', minimum: 1, maximum: 4_096 },
        distanceMetric: { type: 'string', enum: ['cosine', 'euclidean'] },
        metadataConfiguration: {
          type: 'object',
          required: ['nonFilterableMetadataKeys'],
          properties: {
            nonFilterableMetadataKeys: {
              type: 'array',
              minItems: 1,
              maxItems: 10,
              uniqueItems: true,
              items: { type: 'string', minLength: 1, maxLength: 63 },
            },
          },
        },
      },
    },
    run: (store, scope, body) => store.createIndex(scope, body),
  },
  {
    name: 'DeleteIndex',
    operation: 'index.delete',
    shape: indexShape,
    run: (store, scope, body) => store.deleteIndex(scope, body),
  },
  {
    name: 'GetIndex',
    operation: 'index.get',
    shape: indexShape,
    run: async (store, scope, body) => {
      const index = await store.getIndex(scope, body);
      return {
        index: {
          indexName: index.name,
          vectorBucketName: index.bucket,
          dataType: index.dataType,
          dimension: index.dimension,
          distanceMetric: index.metric,
          metadataConfiguration: index.configuration ?? undefined,
          creationTime: seconds(index.createdAt),
        },
      };
    },
  },
  {
    name: 'ListIndexes',
    operation: 'index.list',
    shape: { type: 'object', required: ['vectorBucketName'], properties: { vectorBucketName, ...fields.names } },
    run: async (store, scope, { vectorBucketName: bucket, prefix, nextToken, maxResults }) => {
      const page = await store.listIndexes(scope, bucket, { prefix, after: nextToken, limit: maxResults });
      return {
        indexes: page.found.map(({ name, createdAt }) => ({
          indexName: name,
          vectorBucketName: bucket,
          creationTime: seconds(createdAt),
        })),
        nextToken: page.nextToken,
      };
    },
  },
];
