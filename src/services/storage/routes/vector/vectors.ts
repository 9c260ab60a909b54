import type { FoundVector } from '../../sql/vectors/rows.ts';
import { fields, type VectorOperation } from './operation.ts';

const { vectorBucketName, indexName } = fields;
const place = { vectorBucketName, indexName } as const;
const needed = ['vectorBucketName', 'indexName'] as const;

const key = { type: 'string', minLength: 1, maxLength: 1_024 } as const;
const keysUpTo = (maxItems: number) => ({ type: 'array', minItems: 1, maxItems, items: key }) as const;
const flag = { type: 'boolean' } as const;

const float32 = {
  type: 'object',
  required: ['float32'],
  properties: { float32: { type: 'array', minItems: 1, maxItems: 4_096, items: { type: 'number' } } },
} as const;

const shown = ({ numbers, ...vector }: FoundVector) => ({ ...vector, ...(numbers && { data: { float32: numbers } }) });

/** Operations on vectors. */
export const vectorOperations: readonly VectorOperation[] = [
  {
    name: 'PutVectors',
    operation: 'vectors.put',
    shape: {
      type: 'object',
      required: [...needed, 'vectors'],
      properties: {
        ...place,
        vectors: {
          type: 'array',
          minItems: 1,
          maxItems: 500,
          items: {
            type: 'object',
            required: ['data', 'key'],
            properties: { key, data: float32, metadata: { type: 'object' } },
          },
        },
      },
    },
    run: (store, scope, body) => store.put(scope, body, body.vectors),
  },
  {
    name: 'GetVectors',
    operation: 'vectors.get',
    shape: {
      type: 'object',
      required: [...needed, 'keys'],
      properties: { ...place, keys: keysUpTo(100), returnData: flag, returnMetadata: flag },
    },
    run: async (store, scope, body) => {
      const parts = { data: body.returnData, metadata: body.returnMetadata };
      return { vectors: (await store.get(scope, body, body.keys, parts)).map(shown) };
    },
  },
  {
    name: 'ListVectors',
    operation: 'vectors.list',
    shape: {
      type: 'object',
      required: needed,
      properties: {
        ...place,
        maxResults: { type: 'integer', minimum: 1, maximum: 1_000 },
        nextToken: { type: 'string' },
        returnData: flag,
        returnMetadata: flag,
        segmentCount: { type: 'integer', minimum: 1, maximum: 16 },
        segmentIndex: { type: 'integer', minimum: 0, maximum: 15 },
      },
    },
    run: async (store, scope, body) => {
      const page = await store.list(scope, body, body);
      return { vectors: page.found.map(shown), nextToken: page.nextToken };
    },
  },
  {
    name: 'QueryVectors',
    operation: 'vectors.query',
    shape: {
      type: 'object',
      required: [...needed, 'queryVector'],
      properties: {
        ...place,
        queryVector: float32,
        topK: { type: 'integer', minimum: 1, maximum: 100 },
        filter: { type: 'object' },
        returnDistance: flag,
        returnMetadata: flag,
      },
    },
    run: async (store, scope, body) => {
      const { found, metric } = await store.query(scope, body, body);
      return { vectors: found.map(shown), distanceMetric: metric };
    },
  },
  {
    name: 'DeleteVectors',
    operation: 'vectors.delete',
    shape: {
      type: 'object',
      required: [...needed, 'keys'],
      properties: { ...place, keys: keysUpTo(500) },
    },
    run: (store, scope, body) => store.delete(scope, body, body.keys),
  },
];
