import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient } from '#kernel/sql';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

let storage: StorageUnderTest;
const keys = { id: 'an-access-key', secret: 'its-secret' };

beforeAll(async () => {
  storage = await startStorage({
    VECTOR_ENABLED: 'true',
    VECTOR_MAX_BUCKETS: '3',
    VECTOR_MAX_INDEXES: '4',
    S3_PROTOCOL_ACCESS_KEY_ID: keys.id,
    S3_PROTOCOL_ACCESS_KEY_SECRET: keys.secret,
  });
  const owner = await connectClient(storage.db.connection('postgres'));
  await owner.pg.query('create extension vector with schema extensions').finally(() => owner.pg.end());
  await call('CreateVectorBucket', { vectorBucketName: 'b' });
});
afterAll(() => storage.stop());

const call = (action: string, body: unknown, token = storage.serviceKey) =>
  storage.request('POST', `/vector/${action}`, { body, token });
const place = { vectorBucketName: 'b', indexName: 'colours' };
const index = { ...place, dataType: 'float32', dimension: 3, distanceMetric: 'euclidean' };
const vector = (key: string, float32: readonly number[], metadata?: object) => ({ key, data: { float32 }, metadata });
const keysOf = ({ body }: { body: { vectors: readonly { key: string }[] } }) => body.vectors.map(({ key }) => key);

describe('vector buckets', () => {
  it('are made, seen and removed', async () => {
    expect(await call('CreateVectorBucket', { vectorBucketName: 'a' })).toMatchObject({ status: 200, text: '' });
    expect(await call('CreateVectorBucket', { vectorBucketName: 'a' })).toMatchObject({
      status: 409,
      body: { statusCode: '409', code: 'ConflictException', message: 'vector bucket "a" already exists' },
    });
    const { body } = await call('GetVectorBucket', { vectorBucketName: 'a' });
    expect(body).toEqual({ vectorBucket: { vectorBucketName: 'a', creationTime: expect.any(Number) } });
    expect(Math.abs(body.vectorBucket.creationTime - Date.now() / 1_000)).toBeLessThan(600);
    expect((await call('DeleteVectorBucket', { vectorBucketName: 'a' })).status).toBe(200);
    expect(await call('GetVectorBucket', { vectorBucketName: 'a' })).toMatchObject({
      status: 404,
      body: { code: 'NotFoundException', message: 'resource "a" not found' },
    });
    expect((await call('DeleteVectorBucket', { vectorBucketName: 'a' })).status).toBe(404);
    expect((await call('CreateVectorBucket', { vectorBucketName: '' })).body.code).toBe('InvalidBucketName');
  });

  it('are listed in pages, and only so many', async () => {
    for (const name of ['p1', 'p2']) await call('CreateVectorBucket', { vectorBucketName: name });
    expect(await call('CreateVectorBucket', { vectorBucketName: 'p3' })).toMatchObject({
      status: 400,
      body: {
        code: 'S3VectorMaxBucketsExceeded',
        message: 'Maximum number of buckets exceeded. Max allowed is 3. Contact support to increase your limit.',
      },
    });
    const first = await call('ListVectorBuckets', { maxResults: 2 });
    expect(first.body).toMatchObject({
      vectorBuckets: [{ vectorBucketName: 'b' }, { vectorBucketName: 'p1' }],
      nextToken: 'p1',
    });
    const second = await call('ListVectorBuckets', { maxResults: 2, nextToken: first.body.nextToken });
    expect(second.body).toEqual({ vectorBuckets: [{ vectorBucketName: 'p2', creationTime: expect.any(Number) }] });
    expect((await call('ListVectorBuckets', { prefix: 'p' })).body.vectorBuckets).toHaveLength(2);
    expect((await call('ListVectorBuckets', { prefix: '%' })).body.vectorBuckets).toHaveLength(0);
    for (const name of ['p1', 'p2']) await call('DeleteVectorBucket', { vectorBucketName: name });
  });

  it('made by many at once are no more than allowed', async () => {
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, at) => call('CreateVectorBucket', { vectorBucketName: `many${at}` })),
    );
    expect(made.filter(({ status }) => status === 200)).toHaveLength(2);
    for (let at = 0; at < 8; at += 1) await call('DeleteVectorBucket', { vectorBucketName: `many${at}` });
  });

  it('are for the service role alone', async () => {
    for (const token of [storage.anonKey, storage.userKey])
      expect(await call('ListVectorBuckets', {}, token)).toMatchObject({ status: 403, body: { code: 'AccessDenied' } });
    expect(await call('ListVectorBuckets', {}, 'no token')).toMatchObject({ status: 403 });
  });
});

describe('indexes', () => {
  it('are made, seen and removed with what is in them', async () => {
    expect((await call('CreateIndex', index)).status).toBe(200);
    expect(await call('CreateIndex', index)).toMatchObject({
      status: 409,
      body: { message: 'vector index "colours" already exists' },
    });
    expect((await call('GetIndex', place)).body).toEqual({ index: { ...index, creationTime: expect.any(Number) } });
    expect(await call('DeleteVectorBucket', { vectorBucketName: 'b' })).toMatchObject({
      status: 400,
      body: { code: 'VectorBucketNotEmpty', message: 'Vector Bucket "b" not empty' },
    });
    await call('PutVectors', { ...place, vectors: [vector('x', [1, 2, 3])] });
    expect((await call('DeleteIndex', place)).status).toBe(200);
    expect(await call('DeleteIndex', place)).toMatchObject({
      status: 404,
      body: { message: 'resource "colours" not found' },
    });
    await call('CreateIndex', index);
    expect((await call('ListVectors', place)).body).toEqual({ vectors: [] });
    await call('DeleteIndex', place);
  });

  it('are listed in pages, and only so many', async () => {
    const names = ['i-1', 'i-2', 'i-3', 'j-1'];
    const made = await Promise.all(
      [...names, 'j-2', 'j-3'].map((indexName) => call('CreateIndex', { ...index, indexName })),
    );
    expect(made.filter(({ status }) => status === 200)).toHaveLength(4);
    expect(made.find(({ status }) => status !== 200)?.body).toMatchObject({
      code: 'S3VectorMaxIndexesExceeded',
      message: 'Maximum number of indexes exceeded. Max allowed is 4. Contact support to increase your limit.',
    });
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const { body } = await call('ListIndexes', { vectorBucketName: 'b', maxResults: 3, nextToken });
      seen.push(...body.indexes.map(({ indexName }: { indexName: string }) => indexName));
      nextToken = body.nextToken;
    } while (nextToken !== undefined);
    expect(seen).toHaveLength(4);
    expect(seen).toEqual([...seen].sort());
    for (const indexName of seen) await call('DeleteIndex', { ...place, indexName });
  });

  it.each([
    [{ dimension: 4_097 }, 'body/dimension must be <= 4096'],
    [{ dimension: '3' }, 'body/dimension must be integer'],
    [{ distanceMetric: 'dotproduct' }, 'body/distanceMetric must be equal to one of the allowed values'],
    [{ indexName: 'No' }, 'body/indexName must NOT have fewer than 3 characters'],
    [{ indexName: 'Upper' }, 'body/indexName must match pattern "^[a-z0-9](?:[a-z0-9.-]{1,61})?[a-z0-9]$"'],
    [{ dataType: undefined }, "body must have required property 'dataType'"],
    [
      { metadataConfiguration: { nonFilterableMetadataKeys: [] } },
      'body/metadataConfiguration/nonFilterableMetadataKeys must NOT have fewer than 1 items',
    ],
  ])('refuse %j', async (change, message) => {
    expect(await call('CreateIndex', { ...index, ...change })).toMatchObject({
      status: 400,
      body: { statusCode: '400', message },
    });
  });

  it('need a bucket', async () => {
    expect(await call('CreateIndex', { ...index, vectorBucketName: 'none' })).toMatchObject({
      status: 404,
      body: { message: 'resource "none" not found' },
    });
  });

  // Beyond what indexes of neighbours can take, vectors are compared one by one.
  it.each([17, 2_000, 2_001, 4_096])('of %i dimensions find what is near', async (dimension) => {
    const here = { ...place, indexName: `long-${dimension}` };
    await call('CreateIndex', { ...index, ...here, dimension, distanceMetric: 'cosine' });
    const along = (at: number) => Array.from({ length: dimension }, (_, each) => (each === at ? 1 : 0.001));
    await call('PutVectors', { ...here, vectors: [0, 1, 2, 3].map((at) => vector(`k${at}`, along(at))) });
    const near = await call('QueryVectors', {
      ...here,
      queryVector: { float32: along(2) },
      topK: 1,
      returnDistance: true,
    });
    expect(near.body).toMatchObject({ vectors: [{ key: 'k2' }], distanceMetric: 'cosine' });
    expect(near.body.vectors[0].distance).toBeCloseTo(0, 4);
    expect(
      (await call('GetVectors', { ...here, keys: ['k1'], returnData: true })).body.vectors[0].data.float32,
    ).toEqual(along(1));
    await call('DeleteIndex', here);
  });
});

describe('vectors', () => {
  beforeAll(async () => {
    await call('CreateIndex', { ...index, metadataConfiguration: { nonFilterableMetadataKeys: ['note'] } });
    await call('PutVectors', {
      ...place,
      vectors: [
        vector('red', [1, 0, 0], { warm: true, rank: 1, tags: ['a', 'b'], note: 'n' }),
        vector('orange', [1, 0.5, 0], { warm: true, rank: 2.5, name: '1' }),
        vector('green', [0, 1, 0], { warm: false, rank: 3, name: 1, tags: ['b'] }),
        vector('blue', [0, 0, 1], { warm: false, rank: '4' }),
        vector('black', [0, 0, 0]),
      ],
    });
  });
  afterAll(() => call('DeleteIndex', place));

  it('are read by their keys', async () => {
    expect((await call('GetVectors', { ...place, keys: ['red', 'none', 'black'] })).body).toEqual({
      vectors: [{ key: 'black' }, { key: 'red' }],
    });
    const { body } = await call('GetVectors', {
      ...place,
      keys: ['orange', 'black'],
      returnData: true,
      returnMetadata: true,
    });
    expect(body).toEqual({
      vectors: [
        { key: 'black', data: { float32: [0, 0, 0] }, metadata: {} },
        { key: 'orange', data: { float32: [1, 0.5, 0] }, metadata: { warm: true, rank: 2.5, name: '1' } },
      ],
    });
  });

  it('are put in the place of others, all or none', async () => {
    await call('PutVectors', { ...place, vectors: [vector('white', [1, 1, 1], { a: 1 })] });
    await call('PutVectors', { ...place, vectors: [vector('white', [2, 2, 2])] });
    const white = async () =>
      (await call('GetVectors', { ...place, keys: ['white', 'new'], returnData: true, returnMetadata: true })).body
        .vectors;
    expect(await white()).toEqual([{ key: 'white', data: { float32: [2, 2, 2] }, metadata: {} }]);
    expect(
      await call('PutVectors', { ...place, vectors: [vector('new', [1, 1, 1]), vector('white', [1, 1])] }),
    ).toMatchObject({ status: 400, body: { code: 'InvalidParameter', message: 'expected 3 dimensions, not 2' } });
    expect(await white()).toHaveLength(1);
    expect((await call('DeleteVectors', { ...place, keys: ['white', 'none'] })).status).toBe(200);
    expect(await white()).toEqual([]);
  });

  it('put by many at once are whole', async () => {
    const batch = (round: number) =>
      call('PutVectors', {
        ...place,
        vectors: Array.from({ length: 20 }, (_, at) => vector(`m${(at * 7) % 20}`, [round, round, round], { round })),
      });
    for (const { status } of await Promise.all(Array.from({ length: 10 }, (_, round) => batch(round))))
      expect(status).toBe(200);
    const names = Array.from({ length: 20 }, (_, at) => `m${at}`);
    const { body } = await call('GetVectors', { ...place, keys: names, returnData: true, returnMetadata: true });
    const rounds = new Set(body.vectors.map(({ metadata }: { metadata: { round: number } }) => metadata.round));
    expect(body.vectors).toHaveLength(20);
    expect(rounds.size).toBe(1);
    await call('DeleteVectors', { ...place, keys: names });
  });

  it.each([
    [vector('x', [1e39, 0, 0]), 'Vectors must hold 32-bit floating point numbers'],
    [
      vector('x', [1, 0, 0], { a: null }),
      'Invalid metadata for vector "x": metadata field "a" must be a string, boolean, or finite number',
    ],
    [
      vector('x', [1, 0, 0], { a: [{}] }),
      'Invalid metadata for vector "x": metadata field "a[0]" must be a string, boolean, or finite number',
    ],
    [vector('', [1, 0, 0]), 'body/vectors/0/key must NOT have fewer than 1 characters'],
    [vector('x'.repeat(1_025), [1, 0, 0]), 'body/vectors/0/key must NOT have more than 1024 characters'],
    [{ key: 'x', data: { float32: ['1', 0, 0] } }, 'body/vectors/0/data/float32/0 must be number'],
    [{ key: 'x' }, "body/vectors/0 must have required property 'data'"],
  ])('that are none are refused (%#)', async (bad, message) => {
    expect(await call('PutVectors', { ...place, vectors: [bad] })).toMatchObject({ status: 400, body: { message } });
  });

  it('come once in a request, and not too many', async () => {
    const twice = [vector('x', [1, 0, 0]), vector('x', [1, 0, 0])];
    expect((await call('PutVectors', { ...place, vectors: twice })).body.message).toBe(
      'Request must not contain duplicate keys',
    );
    const many = Array.from({ length: 501 }, (_, at) => vector(`${at}`, [1, 0, 0]));
    expect((await call('PutVectors', { ...place, vectors: many })).body.message).toBe(
      'body/vectors must NOT have more than 500 items',
    );
    const names = Array.from({ length: 101 }, (_, at) => `${at}`);
    expect((await call('GetVectors', { ...place, keys: names })).body.message).toBe(
      'body/keys must NOT have more than 100 items',
    );
  });

  it('are listed in pages and in parts', async () => {
    const all: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await call('ListVectors', { ...place, maxResults: 2, nextToken });
      expect(page.body.vectors.length).toBeLessThanOrEqual(2);
      all.push(...keysOf(page));
      nextToken = page.body.nextToken;
    } while (nextToken !== undefined);
    expect(all).toEqual(['black', 'blue', 'green', 'orange', 'red']);
    const parts = await Promise.all(
      [0, 1, 2].map((segmentIndex) => call('ListVectors', { ...place, segmentCount: 3, segmentIndex })),
    );
    expect(parts.flatMap(keysOf).sort()).toEqual(all);
    expect((await call('ListVectors', { ...place, segmentCount: 3 })).body.message).toBe(
      'segmentCount and segmentIndex must be provided together',
    );
    expect((await call('ListVectors', { ...place, segmentCount: 3, segmentIndex: 3 })).body.message).toBe(
      'segmentIndex must be less than segmentCount',
    );
  });

  const near = (filter?: unknown, more: object = {}) =>
    call('QueryVectors', { ...place, queryVector: { float32: [1, 0.1, 0] }, topK: 5, filter, ...more });

  it('are found by distance', async () => {
    const { body } = await near(undefined, { returnDistance: true, topK: 2 });
    expect(body.distanceMetric).toBe('euclidean');
    expect(body.vectors.map(({ key }: { key: string }) => key)).toEqual(['red', 'orange']);
    expect(body.vectors[0].distance).toBeCloseTo(0.1, 5);
    expect(body.vectors[1].distance).toBeCloseTo(0.4, 5);
    expect(keysOf(await near())).toEqual(['red', 'orange', 'black', 'green', 'blue']);
    expect((await near(undefined, { topK: 1, returnMetadata: true })).body.vectors[0].metadata.rank).toBe(1);
    expect((await near(undefined, { topK: 101 })).body.message).toBe('body/topK must be <= 100');
    expect((await near(undefined, { queryVector: { float32: [1] } })).body.message).toBe(
      'expected 3 dimensions, not 1',
    );
  });

  it.each([
    [{ warm: true }, ['red', 'orange']],
    [{ warm: { $ne: true } }, ['green', 'blue']],
    [{ name: '1' }, ['orange']],
    [{ name: 1 }, ['green']],
    [{ tags: 'b' }, ['red', 'green']],
    [{ tags: { $ne: 'a' } }, ['green']],
    [{ rank: { $gt: 1, $lte: 3 } }, ['orange', 'green']],
    [{ rank: { $gte: 1 } }, ['red', 'orange', 'green']],
    [{ rank: { $lt: 2.5 } }, ['red']],
    [{ rank: { $in: [1, '4'] } }, ['red', 'blue']],
    [{ rank: { $nin: [1, '4'] } }, ['orange', 'green']],
    [{ tags: { $exists: false } }, ['orange', 'black', 'blue']],
    [{ tags: { $exists: true }, warm: false }, ['green']],
    [{ $or: [{ rank: 1 }, { $and: [{ warm: false }, { rank: '4' }] }] }, ['red', 'blue']],
    [{ "it's": { $exists: false }, 'a"b': { $exists: false } }, ['red', 'orange', 'black', 'green', 'blue']],
    [{ rank: { $gt: 1e300 } }, []],
  ])('are found under the condition %j', async (filter, expected) => {
    expect(keysOf(await near(filter))).toEqual(expected);
  });

  it.each([
    [{}, 'Filter must contain at least one clause'],
    [{ $and: [] }, '$and requires a non-empty array'],
    [{ $or: [{ a: 1 }], b: 1 }, 'Logical operator must be the only key, got: $or, b'],
    [{ a: { $like: 'x' } }, 'Unsupported field operator: $like'],
    [{ a: { $gt: '1' } }, '$gt requires a number for "a"'],
    [{ a: { $in: [] } }, '$in requires a non-empty array for "a"'],
    [{ a: {} }, 'Empty operator object for field "a"'],
    [{ a: null }, 'Unsupported filter value type: null'],
    [{ note: 'n' }, 'The metadata key "note" is not filterable'],
  ])('refuse the condition %j', async (filter, message) => {
    expect(await near(filter)).toMatchObject({ status: 400, body: { code: 'InvalidParameter', message } });
  });

  it('of an index that is gone are not found', async () => {
    for (const [action, more] of [
      ['PutVectors', { vectors: [vector('x', [1, 0, 0])] }],
      ['GetVectors', { keys: ['x'] }],
      ['ListVectors', {}],
      ['QueryVectors', { queryVector: { float32: [1, 0, 0] } }],
      ['DeleteVectors', { keys: ['x'] }],
    ] as const)
      expect(await call(action, { ...place, indexName: 'gone', ...more })).toMatchObject({
        status: 404,
        body: { code: 'NotFoundException', message: 'resource "gone" not found' },
      });
  });
});

describe('a signature', () => {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

  /** Signs as the AWS documents tell it. */
  async function signed(body: string, { service = 's3vectors', sent = body, withHash = true } = {}) {
    const { host } = new URL(storage.url);
    const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const scope = `${date.slice(0, 8)}/us-east-1/${service}/aws4_request`;
    const names = withHash ? 'host;x-amz-content-sha256;x-amz-date' : 'host;x-amz-date';
    const headers = `host:${host}\n${withHash ? `x-amz-content-sha256:${digest(body)}\n` : ''}x-amz-date:${date}\n`;
    const canonical = ['POST', '/vector/ListVectorBuckets', '', headers, names, digest(body)].join('\n');
    const key = scope.split('/').reduce<string | Buffer>((made, part) => hmac(made, part), `AWS4${keys.secret}`);
    const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, digest(canonical)].join('\n')).toString('hex');
    return fetch(`${storage.url}/vector/ListVectorBuckets`, {
      method: 'POST',
      body: sent,
      headers: {
        'content-type': 'application/json',
        'x-amz-date': date,
        ...(withHash && { 'x-amz-content-sha256': digest(body) }),
        authorization: `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
      },
    });
  }

  it('for s3vectors is the service role', async () => {
    for (const withHash of [true, false]) {
      const answer = await signed('{"prefix":"b"}', { withHash });
      expect(await answer.json()).toMatchObject({ vectorBuckets: [{ vectorBucketName: 'b' }] });
    }
  });

  it('covers the body and is for no other service', async () => {
    expect((await signed('{}', { service: 's3' })).status).toBe(403);
    expect((await signed('{"prefix":"b"}', { sent: '{"prefix":"c"}', withHash: false })).status).toBe(403);
    expect((await signed('{"prefix":"b"}', { sent: '{"prefix":"c"}' })).status).toBe(400);
  });
});

describe('where there is no extension', () => {
  let bare: StorageUnderTest;
  const list = () => bare.request('POST', '/vector/ListVectorBuckets', { body: {} });
  afterAll(() => bare.stop());

  it('the feature is off until there is one', async () => {
    bare = await startStorage({ VECTOR_ENABLED: 'true' });
    await bare.db.query(`revoke create on database ${bare.db.name} from supabase_storage_admin`);
    expect(await list()).toMatchObject({
      status: 409,
      body: { statusCode: '409', code: 'FeatureNotEnabled', message: expect.stringContaining('no extension "vector"') },
    });
    expect(bare.logLines().join()).toContain('create extension vector');
    await bare.db.query(`grant create on database ${bare.db.name} to supabase_storage_admin`);
    expect((await Promise.all([list(), list(), list()])).map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

it('the feature is off unless it was asked for', async () => {
  const off = await startStorage();
  try {
    expect(await off.request('POST', '/vector/ListVectorBuckets', { body: {} })).toMatchObject({
      status: 409,
      body: {
        statusCode: '409',
        code: 'FeatureNotEnabled',
        message: 'The feature vectorBuckets is not enabled for this resource',
      },
    });
  } finally {
    await off.stop();
  }
});
