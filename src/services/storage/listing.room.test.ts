import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

let storage: StorageUnderTest;

beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage.stop());

async function fill(bucket: string, names: readonly string[]): Promise<void> {
  await storage.db.query(`insert into storage.buckets (id, name) values ($1, $1) on conflict do nothing`, [bucket]);
  await storage.db.query(
    `set storage.allow_delete_query = 'true'; delete from storage.objects where bucket_id = '${bucket}'`,
  );
  await storage.db.query(
    `insert into storage.objects (bucket_id, name, created_at, updated_at)
     select $1, name, '2026-01-01'::timestamptz + (n % 3) * interval '1 second', '2026-01-01'
     from unnest($2::text[]) with ordinality as u (name, n)`,
    [bucket, names],
  );
}

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Entries of a folder, told from the names alone. */
function expected(names: readonly string[], prefix: string, delimiter: string, order: 'asc' | 'desc'): string[] {
  const entries = new Set<string>();
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
    entries.add(at < 0 ? name : name.slice(0, at + delimiter.length));
  }
  const sorted = [...entries].sort(bytewise);
  return order === 'asc' ? sorted : sorted.reverse();
}

// The characters that are less than a slash, and one that is greater: where listings by prefix go wrong.
const names = fc.uniqueArray(
  fc
    .array(fc.constantFrom('a', '-', '.', '/', '0', ' ', '!', 'b'), { minLength: 1, maxLength: 6 })
    .map((c) => c.join('')),
  { minLength: 1, maxLength: 25 },
);

it('lists every entry once, in order, whatever the size of a page', async () => {
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.constantFrom('', 'a', 'a/', '-'),
      fc.constantFrom('/', '', 'a'),
      fc.constantFrom('asc' as const, 'desc' as const),
      fc.integer({ min: 1, max: 4 }),
      async (all, prefix, delimiter, order, page) => {
        await fill('prop', all);
        const seen: string[] = [];
        for (let after = ''; ; ) {
          const rows = await storage.db.query<{ name: string }>(
            `select name from storage.list_objects_with_delimiter('prop', $1, $2, $3, $4, '', $5)`,
            [prefix, delimiter, page, after, order],
          );
          seen.push(...rows.map(({ name }) => name));
          if (rows.length < page || seen.length > 100) break;
          after = rows.at(-1)?.name as string;
        }
        expect(seen).toEqual(expected(all, prefix, delimiter, order));
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

it('searches without regard to case, by offset', async () => {
  await fc.assert(
    fc.asyncProperty(
      names.map((all) => all.map((name, index) => (index % 2 ? name.toUpperCase() : name))),
      fc.constantFrom('', 'a/', 'A'),
      fc.constantFrom('asc', 'desc'),
      fc.integer({ min: 1, max: 4 }),
      async (given, prefix, order, page) => {
        const all = [...new Set(given)];
        await fill('prop', all);
        const seen: string[] = [];
        for (let offset = 0; offset < 60; offset += page) {
          const rows = await storage.db.query<{ name: string; id: string | null }>(
            `select name, id from storage.search($1, 'prop', $2, 1, $3, '', 'name', $4)`,
            [prefix, page, offset, order],
          );
          seen.push(...rows.map(({ name, id }) => (id === null ? `${name}/` : name).toLowerCase()));
          if (rows.length < page) break;
        }
        const lowered = all.map((name) => name.toLowerCase());
        const base = prefix.replace(/[^/]*$/, '').toLowerCase();
        const entries = lowered
          .filter((name) => name.startsWith(prefix.toLowerCase()))
          .map((name) => name.slice(base.length))
          .map((name) => (name.includes('/') ? name.slice(0, name.indexOf('/') + 1) : name))
          .sort(bytewise);
        // Two objects that differ in case alone are two; two such folders are one.
        const distinct = entries.filter((name, index) => !name.endsWith('/') || entries.indexOf(name) === index);
        expect(seen).toEqual(order === 'asc' ? distinct : distinct.reverse());
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);

it('lists folders as clients know it', async () => {
  await fill('tree', ['top.txt', 'dir/a.txt', 'dir/b.txt', 'dir/sub/c.txt', 'Other/d.txt']);
  const list = async (body: unknown) =>
    (await storage.request('POST', '/object/list/tree', { body })).body.map(
      ({ name, id }: { name: string; id: unknown }) => [name, id !== null],
    );
  expect(await list({ prefix: '' })).toEqual([
    ['dir', false],
    ['Other', false],
    ['top.txt', true],
  ]);
  expect(await list({ prefix: 'DIR', sortBy: { column: 'name', order: 'desc' } })).toEqual([
    ['sub', false],
    ['b.txt', true],
    ['a.txt', true],
  ]);
  expect(await list({ prefix: 'dir', search: 'b' })).toEqual([['b.txt', true]]);
  expect(await list({ prefix: '', sortBy: { column: 'created_at', order: 'asc' } })).toEqual([
    ['dir', false],
    ['Other', false],
    ['top.txt', true],
  ]);
  expect((await storage.request('POST', '/object/list/tree', { body: {} })).body).toMatchObject({
    statusCode: '400',
    error: 'Error',
    message: "body must have required property 'prefix'",
  });
  expect((await storage.request('POST', '/object/list/tree', { body: { prefix: '', limit: 0 } })).body.message).toBe(
    'body/limit must be >= 1',
  );
});

it.each(['name', 'created_at', 'updated_at'])('pages by cursor, sorted by %s', async (column) => {
  await fill('pages', ['a-1', 'a.txt', 'a/x', 'a0', 'b', 'c/y', 'c/z']);
  for (const order of ['asc', 'desc'])
    for (const withDelimiter of [true, false]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await storage.request('POST', '/object/list-v2/pages', {
          body: { limit: 2, with_delimiter: withDelimiter, sortBy: { column, order }, cursor },
        });
        seen.push(...[...body.folders, ...body.objects].map(({ name }: { name: string }) => name));
        expect(body.hasNext).toBe(body.nextCursor !== undefined);
        cursor = body.nextCursor;
      } while (cursor !== undefined && seen.length < 20);
      if (column === 'name' && !withDelimiter)
        expect(seen).toEqual([...seen].sort((a, b) => (order === 'asc' ? bytewise(a, b) : bytewise(b, a))));
      expect([...seen].sort()).toEqual(
        withDelimiter ? ['a-1', 'a.txt', 'a/', 'a0', 'b', 'c/'] : ['a-1', 'a.txt', 'a/x', 'a0', 'b', 'c/y', 'c/z'],
      );
    }
});

it('has the functions that policies use', async () => {
  const [row] =
    await storage.db.query(`select storage.foldername('a/b/c.tar.gz') as folder, storage.filename('a/b.c') as file,
    storage.extension('a/b.tar.gz') as ext, storage.extension('noext') as none, storage.foldername('x') as root`);
  expect(row).toEqual({ folder: ['a', 'b'], file: 'b.c', ext: 'gz', none: 'noext', root: [] });
  await expect(storage.db.query(`reset storage.allow_delete_query; delete from storage.objects`)).rejects.toMatchObject(
    {
      code: '42501',
      message: 'Direct deletion from storage tables is not allowed. Use the Storage API instead.',
    },
  );
});

it('writes entries as JSON itself: times to the millisecond in UTC, names of all kinds, what is not there as null', async () => {
  const odd = 'a "quoted" \\ name\t';
  await storage.db.query(`insert into storage.buckets (id, name) values ('json', 'json')`);
  await storage.db.query(
    `insert into storage.objects (bucket_id, name, created_at, updated_at, last_accessed_at, metadata)
     values ('json', $1, '2026-01-02 03:04:05.678901+02', '2026-07-01 00:00:00+00', null, null),
       ('json', 'folder/ünï', '2026-01-02 00:00:00.1+00', '2026-01-03 00:00:00+00', '2026-01-03 00:00:00+00', '{"size": 1, "n": [null, "x\\"y"]}')`,
    [odd],
  );
  await storage.db.query(
    `do $$ begin execute format('alter role supabase_storage_admin in database %I set timezone = %L',
       current_database(), 'Asia/Kathmandu'); end $$`,
  );
  const object = {
    name: odd,
    updated_at: '2026-07-01T00:00:00.000Z',
    created_at: '2026-01-02T01:04:05.678Z',
    last_accessed_at: null,
    metadata: null,
  };
  const first = await storage.request('POST', '/object/list/json', { body: { prefix: '' } });
  expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const folder = {
    name: 'folder',
    id: null,
    updated_at: null,
    created_at: null,
    last_accessed_at: null,
    metadata: null,
  };
  expect(first.body).toEqual([{ ...object, id: expect.stringMatching(/^[0-9a-f-]{36}$/) }, folder]);
  expect(Object.keys(first.body[0])).toEqual(Object.keys(folder));
  const inside = await storage.request('POST', '/object/list/json', { body: { prefix: 'folder' } });
  expect(inside.body[0]).toMatchObject({
    name: 'ünï',
    created_at: '2026-01-02T00:00:00.100Z',
    updated_at: '2026-01-03T00:00:00.000Z',
    last_accessed_at: '2026-01-03T00:00:00.000Z',
    metadata: { size: 1, n: [null, 'x"y'] },
  });

  const page = async (body: object) => (await storage.request('POST', '/object/list-v2/json', { body })).body;
  const one = await page({ with_delimiter: true, limit: 1 });
  expect(one).toMatchObject({ hasNext: true, nextCursorKey: odd, folders: [], objects: [{ key: odd, ...object }] });
  const two = await page({ with_delimiter: true, limit: 1, cursor: one.nextCursor });
  expect(two).toEqual({
    hasNext: false,
    folders: [
      { key: 'folder', ...folder, name: 'folder/', created_at: expect.anything(), updated_at: expect.anything() },
    ],
    objects: [],
  });
  for (const column of ['created_at', 'updated_at'] as const) {
    const sortBy = { column, order: 'asc' };
    const oldest = await page({ limit: 1, sortBy });
    const newest = await page({ limit: 1, cursor: oldest.nextCursor });
    expect([oldest.objects.length, newest.objects.length, newest.hasNext]).toEqual([1, 1, false]);
    expect(oldest.objects[0][column] < newest.objects[0][column]).toBe(true);
  }
  expect(await page({ prefix: 'none' })).toEqual({ hasNext: false, folders: [], objects: [] });
});
