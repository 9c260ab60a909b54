import { afterAll, beforeAll, expect, it } from 'vitest';
import { newClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';

const stack = sharedStack();
const { vectors } = newClient(stack, stack.env.serviceKey).storage;
const bucket = vectors.from('conformance');
const index = bucket.index('documents');
const data = (result: { data: unknown; error: unknown }) => {
  expect(result.error).toBeNull();
  return result.data;
};

beforeAll(async () => {
  data(await vectors.createBucket('conformance'));
  data(
    await bucket.createIndex({
      indexName: 'documents',
      dataType: 'float32',
      dimension: 4,
      distanceMetric: 'cosine',
      metadataConfiguration: { nonFilterableMetadataKeys: ['text'] },
    }),
  );
});
afterAll(async () => {
  data(await bucket.deleteIndex('documents'));
  data(await vectors.deleteBucket('conformance'));
});

it('storage-js manages vector buckets and indexes', async () => {
  expect((await vectors.createBucket('conformance')).error).toMatchObject({
    name: 'StorageVectorsApiError',
    status: 409,
    message: 'vector bucket "conformance" already exists',
  });
  expect(data(await vectors.getBucket('conformance'))).toMatchObject({
    vectorBucket: { vectorBucketName: 'conformance', creationTime: expect.any(Number) },
  });
  expect(data(await vectors.listBuckets({ prefix: 'conf' }))).toMatchObject({
    vectorBuckets: [{ vectorBucketName: 'conformance' }],
  });
  expect((await vectors.getBucket('none')).error).toMatchObject({ status: 404, message: 'resource "none" not found' });
  expect((await vectors.deleteBucket('conformance')).error?.message).toBe('Vector Bucket "conformance" not empty');
  expect(data(await bucket.getIndex('documents'))).toMatchObject({
    index: {
      indexName: 'documents',
      vectorBucketName: 'conformance',
      dataType: 'float32',
      dimension: 4,
      distanceMetric: 'cosine',
      metadataConfiguration: { nonFilterableMetadataKeys: ['text'] },
    },
  });
  expect(data(await bucket.listIndexes())).toMatchObject({ indexes: [{ indexName: 'documents' }] });
});

it('storage-js puts, finds and deletes vectors', async () => {
  const axis = (at: number) => ({ float32: [0, 1, 2, 3].map((each) => (each === at ? 1 : 0)) });
  data(
    await index.putVectors({
      vectors: [0, 1, 2, 3].map((at) => ({
        key: `d${at}`,
        data: axis(at),
        metadata: { at, even: at % 2 === 0, text: 'x' },
      })),
    }),
  );
  const queryVector = { float32: [1, 0.5, 0.25, 0] };
  expect(data(await index.queryVectors({ queryVector, topK: 2, returnDistance: true, returnMetadata: true }))).toEqual({
    vectors: [
      { key: 'd0', distance: expect.closeTo(0.1271, 3), metadata: { at: 0, even: true, text: 'x' } },
      { key: 'd1', distance: expect.closeTo(0.5636, 3), metadata: { at: 1, even: false, text: 'x' } },
    ],
    distanceMetric: 'cosine',
  });
  expect(data(await index.queryVectors({ queryVector, filter: { even: true, at: { $gt: 0 } } }))).toEqual({
    vectors: [{ key: 'd2' }],
    distanceMetric: 'cosine',
  });
  expect((await index.queryVectors({ queryVector, filter: { text: 'x' } })).error?.message).toBe(
    'The metadata key "text" is not filterable',
  );
  expect(data(await index.getVectors({ keys: ['d3'], returnData: true, returnMetadata: true }))).toEqual({
    vectors: [{ key: 'd3', data: axis(3), metadata: { at: 3, even: false, text: 'x' } }],
  });
  data(await index.deleteVectors({ keys: ['d0', 'd1'] }));
  const first = data(await index.listVectors({ maxResults: 1 })) as { nextToken?: string };
  expect(first).toEqual({ vectors: [{ key: 'd2' }], nextToken: expect.any(String) });
  expect(data(await index.listVectors({ nextToken: first.nextToken as string }))).toEqual({ vectors: [{ key: 'd3' }] });
});

it('is for the service role alone', async () => {
  const { error } = await newClient(stack, stack.env.anonKey).storage.vectors.listBuckets();
  expect(error).toMatchObject({ status: 403 });
});
