import { afterAll, beforeAll, expect, it } from 'vitest';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

// Two nodes on one database and folder: what one has acknowledged, or SQL has committed, the other serves at once.
let one: StorageUnderTest;
let other: StorageUnderTest;

beforeAll(async () => {
  one = await startStorage();
  other = await startStorage({}, { db: one.db, folder: one.folder });
  await one.request('POST', '/bucket', { body: { name: 'b', public: true } });
});
afterAll(async () => {
  await other.stop();
  await one.stop();
});

const put = (node: StorageUnderTest, name: string, body: string) =>
  node.request('POST', `/object/b/${name}`, {
    body,
    headers: { 'content-type': 'text/plain', 'x-upsert': 'true' },
  });
const read = (node: StorageUnderTest, name: string) =>
  node.request('GET', `/object/public/b/${name}`, { token: undefined });
const texts = (node: StorageUnderTest, name: string, times: number) =>
  Promise.all(Array.from({ length: times }, async () => (await read(node, name)).text));

it('an overwritten object is served anew by every node as soon as that is acknowledged', async () => {
  for (let round = 0; round < 20; round++) {
    const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
    expect((await put(writer, 'changing', `content ${round}`)).status).toBe(200);
    // Many at once, so that they share statements, and what is remembered is used.
    expect(new Set(await texts(reader, 'changing', 5))).toEqual(new Set([`content ${round}`]));
    expect((await read(writer, 'changing')).text).toBe(`content ${round}`);
  }
});

it('a deleted one by none, and neither do those who ask while that happens see anything but before and after', async () => {
  for (let round = 0; round < 5; round++) {
    await put(one, 'leaving', 'here');
    expect((await read(other, 'leaving')).text).toBe('here');
    const meanwhile = texts(other, 'leaving', 10);
    await one.request('DELETE', '/object/b/leaving');
    for (const node of [one, other])
      expect((await read(node, 'leaving')).body).toMatchObject({ statusCode: '404', code: 'NoSuchKey' });
    for (const text of await meanwhile) expect(text === 'here' || text.includes('NoSuchKey')).toBe(true);
  }
});

it('a bucket made private is private for every node, also by SQL; a name reused in a new bucket shows nothing old', async () => {
  await put(one, 'file', 'content');
  const isOpen = async () =>
    (await Promise.all([one, other].map((node) => read(node, 'file')))).map(({ status }) => status);
  expect(await isOpen()).toEqual([200, 200]);
  await one.request('PUT', '/bucket/b', { body: { public: false } });
  expect(await isOpen()).toEqual([400, 400]);
  await one.db.query(`update storage.buckets set public = true where id = 'b'`);
  expect(await isOpen()).toEqual([200, 200]);
  await one.db.query(
    `update storage.objects set metadata = metadata || '{"mimetype": "text/changed"}' where name = 'file'`,
  );
  for (const node of [one, other]) expect((await read(node, 'file')).headers.get('content-type')).toBe('text/changed');
  await one.request('DELETE', '/object/b', { body: { prefixes: ['file', 'changing'] } });
  await one.request('DELETE', '/bucket/b');
  expect((await read(other, 'file')).body.code).toBe('NoSuchBucket');
  await other.request('POST', '/bucket', { body: { name: 'b', public: true } });
  expect((await read(one, 'file')).body.code).toBe('NoSuchKey');
});

it('objects asked for at the same time get each their own, whatever they are called', async () => {
  const names = ['a"b', "it's", 'a,b', '{x}', 'back\\slash', 'ünï', '%2F', 'NULL', ' space ', 'x'.repeat(200)];
  await one.db.query(
    `insert into storage.objects (bucket_id, name, metadata)
     select 'b', name, jsonb_build_object('eTag', '"' || md5(name) || '"', 'size', 1, 'mimetype', 'text/plain')
     from unnest($1::text[]) name`,
    [names],
  );
  const [digests] = await one.db.query<{ tags: string[] }>(
    `select array_agg(metadata->>'eTag' order by at) as tags
     from unnest($1::text[]) with ordinality n(name, at) join storage.objects o using (name)`,
    [names],
  );
  // Twice: read, and remembered. More than one statement takes.
  for (let round = 0; round < 2; round++) {
    const asked = Array.from({ length: 150 }, (_, at) => names[at % names.length] as string);
    const answers = await Promise.all(
      asked.map((name) => one.request('HEAD', `/object/public/b/${encodeURIComponent(name)}`, { token: undefined })),
    );
    expect(answers.map(({ headers }) => headers.get('etag'))).toEqual(
      asked.map((name) => digests?.tags[names.indexOf(name)]),
    );
  }
});
