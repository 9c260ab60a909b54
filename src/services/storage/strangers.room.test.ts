import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

// Bytes of strangers in every place that reads some: never a crash, never a 500, never a hang, and always the shape of
// error that belongs there. STORAGE_FUZZ_RUNS and STORAGE_FUZZ_SEED look further.
const numRuns = Number(process.env.STORAGE_FUZZ_RUNS ?? 40);
const seed = Number(process.env.STORAGE_FUZZ_SEED ?? 1);
let storage: StorageUnderTest;

beforeAll(async () => {
  storage = await startStorage({
    S3_PROTOCOL_ACCESS_KEY_ID: 'key',
    S3_PROTOCOL_ACCESS_KEY_SECRET: 'secret',
    STORAGE_IDLE_TIMEOUT: '20s',
  });
  await storage.request('POST', '/bucket', { body: { name: 'b' } });
  expect((await storage.request('POST', '/object/b/headers', { body: 'x' })).status).toBe(200);
});
afterAll(() => storage.stop());

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** A request whose parts no client would send; undefined where Node's own client refuses them. */
function ask(method: string, path: string, headers: Record<string, string>, body: Buffer): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    try {
      const sending = request(
        storage.url + path,
        { method, headers: { ...headers, 'content-length': body.length }, timeout: 25_000 },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', text }),
          );
        },
      );
      sending.on('timeout', () => sending.destroy(new Error('it hangs')));
      sending.on('error', reject);
      sending.end(body);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ERR_INVALID_CHAR' || code === 'ERR_UNESCAPED_CHARACTERS') resolve(undefined);
      else reject(error);
    }
  });
}

type Shape = (answer: Answer) => void;

const json: Shape = ({ type, text }) => {
  expect(type).toContain('application/json');
  expect(JSON.parse(text)).toMatchObject({ statusCode: expect.any(String), message: expect.any(String) });
};
const xml: Shape = ({ type, text }) => {
  expect(type).toBe('application/xml');
  expect(text).toMatch(/<Error><Resource>[\s\S]*<\/Resource><Code>\w+<\/Code><Message>[\s\S]*<\/Message><\/Error>$/);
};
const plain: Shape = ({ type }) => expect(type).toMatch(/text\/plain/);

async function holds(
  requests: fc.Arbitrary<readonly [string, string, Record<string, string>, Buffer]>,
  shape: Shape,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(requests, async ([method, path, headers, body]) => {
      const answer = await ask(method, path, headers, body);
      if (!answer || answer.status < 400) return;
      expect([answer.status < 500 || answer.status === 501, answer.text]).toEqual([true, answer.text]);
      shape(answer);
    }),
    { numRuns, seed },
  );
  expect(readdirSync(join(storage.folder, 'stub', '.incoming'))).toEqual([]);
  expect((await storage.request('GET', '/bucket/b')).status).toBe(200);
}

const service = () => ({ authorization: `Bearer ${storage.serviceKey}` });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const mixed = (...parts: readonly string[]) =>
  fc
    .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...parts) }, { weight: 1, arbitrary: fc.string() }), {
      maxLength: 20,
    })
    .map((all) => Buffer.from(all.join('')));
const text = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary-ascii', maxLength: 60 }));

it('bodies in JSON', async () => {
  const routes = fc.constantFrom(
    ['POST', '/bucket'],
    ['PUT', '/bucket/b'],
    ['POST', '/object/list/b'],
    ['POST', '/object/list-v2/b'],
    ['POST', '/object/move'],
    ['POST', '/object/copy'],
    ['POST', '/object/sign/b'],
    ['POST', '/object/sign/b/x'],
    ['DELETE', '/object/b'],
  );
  const keys = ['name', 'id', 'public', 'file_size_limit', 'allowed_mime_types', 'prefix', 'limit', 'offset', 'sortBy'];
  const more = [
    'cursor',
    'bucketId',
    'sourceKey',
    'destinationKey',
    'metadata',
    'expiresIn',
    'paths',
    'prefixes',
    'transform',
  ];
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('x\0', '\ud800', 'b', 1e308, 2 ** 40, -1, [], ['a\0'], { column: 'name' }),
  );
  const body = fc.oneof(
    bytes,
    fc.dictionary(fc.constantFrom(...keys, ...more), value).map((object) => Buffer.from(JSON.stringify(object))),
  );
  await holds(
    fc
      .tuple(routes, body)
      .map(([[method, path], given]) => [
        method as string,
        path as string,
        { ...service(), 'content-type': 'application/json' },
        given,
      ]),
    json,
  );
});

it('paths and queries', async () => {
  const part = fc.constantFrom(
    'object',
    'b',
    'x',
    'sign',
    'public',
    'info',
    '..',
    '%2e%2e',
    '%00',
    '%',
    '%ff',
    '*',
    ' '.trim(),
    'render',
    'image',
    'upload',
    'bucket',
    'vector',
    'iceberg',
    '?token=',
    '?width=-1',
    '?download',
    '&',
  );
  await holds(
    fc
      .tuple(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'), fc.array(part, { maxLength: 7 }))
      .filter(([, parts]) => !['s3', 'upload'].includes(parts[0] ?? ''))
      .map(([method, parts]) => [method, `/${parts.join('/')}`, service(), Buffer.alloc(0)]),
    (answer) => {
      if (answer.text !== '') json(answer);
    },
  );
});

it('forms', async () => {
  const body = mixed(
    '--x\r\n',
    '--x--\r\n',
    '--x',
    '\r\n',
    '\r\n\r\n',
    'content-disposition: form-data; name="cacheControl"',
    'content-disposition: form-data; name=""; filename="f"',
    'content-disposition: form-data; name="key"',
    'content-disposition: form-data; name="policy"',
    'content-type: text/plain; charset=nonsense',
    'content-transfer-encoding: base64',
    'some bytes',
  );
  const type = fc.constantFrom(
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `multipart/form-data; boundary=${'y'.repeat(300)}`,
  );
  await holds(
    fc
      .tuple(body, type)
      .map(([given, contentType]) => [
        'POST',
        '/object/b/form',
        { ...service(), 'content-type': contentType, 'x-upsert': 'true' },
        given,
      ]),
    json,
  );
  await holds(
    fc.tuple(body, type).map(([given, contentType]) => ['POST', '/s3/b', { 'content-type': contentType }, given]),
    xml,
  );
});

it('headers of uploads', async () => {
  await holds(
    fc.tuple(text, text, fc.oneof(text, fc.constant('noindex')), text).map(([type, cache, robots, metadata]) => [
      'POST',
      '/object/b/headers',
      {
        ...service(),
        'content-type': type,
        'cache-control': cache,
        'x-robots-tag': robots,
        'x-metadata': metadata,
        'x-upsert': 'true',
      },
      Buffer.from('x'),
    ]),
    json,
  );
  await holds(
    fc
      .tuple(text, text, text)
      .map(([range, none, since]) => [
        'GET',
        '/object/b/headers',
        { ...service(), range: `bytes=${range}`, 'if-none-match': none, 'if-modified-since': since },
        Buffer.alloc(0),
      ]),
    json,
  );
});

it('metadata of resumable uploads', async () => {
  const pair = fc.oneof(
    text,
    fc
      .tuple(fc.constantFrom('bucketName', 'objectName', 'contentType', 'cacheControl', 'metadata'), text)
      .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`),
    fc.constantFrom(`bucketName ${btoa('b')}`, `objectName ${btoa('tus')}`),
  );
  const length = fc.constantFrom('0', '1', '-1', '1e9', '99999999999999999999', 'x', '');
  await holds(
    fc.tuple(fc.array(pair, { maxLength: 6 }), length, bytes).map(([pairs, size, body]) => [
      'POST',
      '/upload/resumable',
      {
        ...service(),
        'tus-resumable': '1.0.0',
        'upload-length': size,
        'upload-metadata': pairs.join(','),
        'content-type': 'application/offset+octet-stream',
        'x-upsert': 'true',
      },
      body,
    ]),
    plain,
  ).catch((error: unknown) => {
    // What was begun and not ended is allowed to lie there.
    if (!String(error).includes('to deeply equal []')) throw error;
  });
  await storage.db.query('update _pmoves.storage_versions set due = now() where due is not null');
  await storage.room.api.sweep();
  const id = fc.oneof(
    text,
    text.map((value) => Buffer.from(value).toString('base64url')),
    fc.constant(Buffer.from('b/x/00000000-0000-4000-8000-000000000000').toString('base64url')),
  );
  await holds(
    fc.tuple(fc.constantFrom('PATCH', 'HEAD', 'DELETE'), id, text).map(([method, upload, offset]) => [
      method,
      `/upload/resumable/${encodeURIComponent(upload)}`,
      {
        ...service(),
        'tus-resumable': '1.0.0',
        'upload-offset': offset,
        'content-type': 'application/offset+octet-stream',
      },
      Buffer.from('x'),
    ]),
    (answer) => {
      if (answer.text !== '') plain(answer);
    },
  );
});

it('the S3 protocol', async () => {
  const authorization = fc.oneof(
    text,
    fc
      .tuple(
        text,
        fc.constantFrom('host', 'host;x-amz-date', 'é', ';'),
        fc.constantFrom('0'.repeat(64), 'é'.repeat(64)),
      )
      .map(
        ([credential, names, signature]) =>
          `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
      ),
    fc.constant(
      `AWS4-HMAC-SHA256 Credential=key/20260101/stub/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
    ),
  );
  const query = fc.constantFrom(
    '',
    '?uploads',
    '?delete',
    '?list-type=2',
    '?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%ff',
    '?%',
  );
  await holds(
    fc
      .tuple(fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'), query, authorization, text, bytes)
      .map(([method, asked, given, date, body]) => [
        method,
        `/s3/b/x${asked}`,
        { authorization: given, 'x-amz-date': date, 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
        body,
      ]),
    xml,
  );
});
